"""`python3 -m pods.remove [CLUSTER…]`: removes the named clusters, or every cluster that tests and demo have left."""

import sys

from .engine import remove_everything

for cluster in sys.argv[1:]:
    remove_everything(cluster)
if not sys.argv[1:]:
    remove_everything()
