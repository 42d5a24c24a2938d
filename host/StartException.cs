namespace Broadcast.Host;

/// <summary>The server cannot start, or a command cannot do its work, for a reason that the operator can mend. The message says what and how; it is shown without a stack trace.</summary>
internal sealed class StartException(string message, Exception? inner = null) : Exception(message, inner);
