namespace Broadcast.Media.Bmff;

/// <summary>
/// The bytes are not valid ISO BMFF: malformed, truncated, over a limit, or without a required box. The message names the problem and its
/// location.
/// </summary>
public sealed class InvalidBmffException(string message, Exception? inner = null) : Exception(message, inner);
