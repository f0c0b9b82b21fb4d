package serve

import (
	"os"
	"strconv"
	"syscall"
)

// cell is the connection to hearthd that a cell's launcher passes on; -1 in what is no cell.
type cell int

// takeCell leaves nothing of it to the function, nor to programs that it starts.
func takeCell() cell {
	descriptor, err := strconv.Atoi(os.Getenv("HEARTH_CELL_FD"))
	if err != nil {
		return -1
	}
	os.Unsetenv("HEARTH_CELL_FD")
	syscall.CloseOnExec(descriptor)
	return cell(descriptor)
}

// ready says that the function listens. Who has left since will look for the socket itself.
func (c cell) ready() {
	if c >= 0 {
		syscall.Write(int(c), []byte("{\"ready\": true}\n"))
	}
}
