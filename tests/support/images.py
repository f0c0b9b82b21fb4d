"""What python functions are made of, to be copied to a dockerd of a test's own."""

from support.hearthd import Hearthd


def runtime_images():
    """The names of the images on the shared engine; made there if they are not yet."""
    maker = Hearthd()
    try:
        maker.deploy_python("maker", "def handle(request, context):\n    return 'made'\n")
        tags = [tag for image in maker.docker.ask("GET", "/images/json") for tag in image["RepoTags"] or []]
        return [tag for tag in tags if tag.startswith(("hearth/runtime-python:", "debian:", "ubuntu:"))]
    finally:
        maker.close()
