"""A Docker volume: one that outlives the pod, as a claim does, or one in memory, which is empty whenever no container holds it."""

from .engine import MYSQL_IMAGE, docker, label_words

POD_USER = "999:999"


class Volume:
    """A volume by its name; making the object makes nothing."""

    def __init__(self, name: str, cluster: str) -> None:
        self.name = name
        self.cluster = cluster

    def exists(self) -> bool:
        return bool(docker("volume", "ls", "--quiet", "--filter", f"name=^{self.name}$"))

    def create(self) -> None:
        """An empty volume on disk that belongs to the pods' user, unless it is there already."""
        if not self.exists():
            docker("volume", "create", *label_words(self.cluster), self.name)
            self.run(f"chown {POD_USER} .")

    def create_in_memory(self, size: str, mode: str) -> None:
        """A tmpfs of at most `size` ("16m") that belongs to the pods' user. Its content lasts while a container runs that mounts it."""
        options = f"o=size={size},uid=999,gid=999,mode={mode}"
        words = [*label_words(self.cluster), "--opt", "type=tmpfs", "--opt", "device=tmpfs", "--opt", options]
        docker("volume", "create", *words, self.name)

    def remove(self) -> None:
        docker("volume", "rm", "--force", self.name)

    def run(self, script: str, *, read_only: bool = False) -> str:
        """What a shell script prints that runs as root with the volume as its working directory."""
        return self._beside(f"{self.name}:/volume" + (":ro" if read_only else ""), command=["sh", "-ec", f"cd /volume; {script}"])

    def read(self, path: str) -> str:
        """The text of a file in the volume."""
        return self.run(f"cat '{path}'", read_only=True)

    def copy_to(self, target: str) -> "Volume":
        """A new volume with the same content; whatever was in a volume of that name is lost. No pod may be writing to this one."""
        copy = Volume(target, self.cluster)
        copy.remove()
        docker("volume", "create", *label_words(self.cluster), target)
        self._beside(f"{self.name}:/from:ro", f"{target}:/to", command=["cp", "-a", "/from/.", "/to/"])
        return copy

    def _beside(self, *mounts: str, command: list[str]) -> str:
        words = [word for mount in mounts for word in ("--volume", mount)]
        return docker("run", "--rm", *label_words(self.cluster), "--network", "none", *words, MYSQL_IMAGE, *command)
