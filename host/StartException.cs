namespace Broadcast.Host;

/// <summary>
/// A startup or command failure that the operator can fix. The message states the problem and the fix, and is shown without a stack trace.
/// </summary>
internal sealed class StartException(string message, Exception? inner = null) : Exception(message, inner);
