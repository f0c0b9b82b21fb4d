module hearth/serve

go 1.19
