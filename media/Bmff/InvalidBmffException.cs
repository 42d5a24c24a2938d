namespace Broadcast.Media.Bmff;

/// <summary>Bytes are not the ISO BMFF that was expected: broken, cut off, beyond our limits, or without something that is needed. The message says what and where.</summary>
public sealed class InvalidBmffException(string message, Exception? inner = null) : Exception(message, inner);
