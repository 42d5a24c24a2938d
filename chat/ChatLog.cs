using Microsoft.Extensions.Logging;

namespace Broadcast.Chat;

internal static partial class ChatLog
{
    [LoggerMessage(10001, LogLevel.Error, "Listening for chat messages of other servers failed; reconnecting")]
    public static partial void ListeningFailed(ILogger logger, Exception exception);

    [LoggerMessage(10002, LogLevel.Error, "A chat message for {Channel} could not be stored")]
    public static partial void StoringFailed(ILogger logger, Exception exception, string channel);
}
