module {{name}}

go 1.19

require hearth v0.0.0

replace hearth => ./hearth
