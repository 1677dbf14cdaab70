"""The process that knows where every vessel is now and has been: it reads the log and answers questions by HTTP."""
