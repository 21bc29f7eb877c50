"""The charts on a real Kubernetes. What runs here needs kubectl, helm, a KUBECONFIG, and the images in the cluster: `./dev e2e`."""
