"""The measures of the agent, taken on real pods: sizes, times and ratios. It must not pass or fail by a figure: machines differ."""
