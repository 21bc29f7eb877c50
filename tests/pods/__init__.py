"""Pods without Kubernetes: groups of containers on one Docker engine that share what the containers of a pod share."""

from .cluster import Cluster
from .engine import EngineError
from .pod import Answer, FailPoint, Pod, SqlError, Unreachable
from .volume import Volume
from .waiting import TimedOut, wait_for

__all__ = ["Answer", "Cluster", "EngineError", "FailPoint", "Pod", "SqlError", "TimedOut", "Unreachable", "Volume", "wait_for"]
