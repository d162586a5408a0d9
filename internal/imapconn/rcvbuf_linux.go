package imapconn

// kernelShare is what has to be asked for less: Linux doubles it, for its own
// books (tcp(7)), and may well fill all of that with data.
const kernelShare = 2
