module bench-function

go 1.22
