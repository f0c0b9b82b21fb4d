"""What a container of the python runtime runs: loads the handler, then serves its calls until SIGTERM."""

from hearth._main import main

if __name__ == "__main__":
    main()
