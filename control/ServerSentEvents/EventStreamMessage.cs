using System.Globalization;
using Broadcast.Control.Webhooks;

namespace Broadcast.Control.ServerSentEvents;

/// <summary>Message of the event stream.</summary>
/// <param name="Id">Increasing number.</param>
/// <param name="Type">One of <see cref="WebhookEventTypes"/> or <see cref="EventStreamTypes"/>.</param>
/// <param name="Channel">Name of the channel; <see langword="null"/> for none.</param>
/// <param name="Body">JSON without line breaks, equal to the body of webhook requests.</param>
/// <param name="ChannelId">Database id of the channel, because its name can be reused. <see langword="null"/> when the channel had been
/// deleted.</param>
internal sealed record EventStreamMessage(long Id, string Type, string? Channel, string Body, long? ChannelId = null);

/// <summary>Event stream types in addition to the webhook event types.</summary>
internal static class EventStreamTypes
{
    /// <summary>Complete state of a channel, sent when it changes.</summary>
    public const string ChannelState = "channel.state";

    /// <summary>All health issues of a channel, sent when they change.</summary>
    public const string ChannelHealth = "channel.health";

    /// <summary>Number of viewers of a channel, sent when it changes, at most every 5 s. A new client reads it from the channel.</summary>
    public const string ChannelViewers = "channel.viewers";
}

/// <summary>Text format of the event stream (WHATWG HTML, section 9.2.5).</summary>
internal static class SseFormat
{
    /// <summary>Reconnection delay for browsers.</summary>
    public const string Retry = "retry: 3000\n\n";

    /// <summary>Formats a message.</summary>
    public static string Of(EventStreamMessage message) => $"id: {Number(message.Id)}\n{OfCurrentState(message)}";

    /// <summary>Formats a message of the current state, without an id to resume from.</summary>
    public static string OfCurrentState(EventStreamMessage message) => $"event: {message.Type}\ndata: {message.Body}\n\n";

    /// <summary>Marks the end of the current state; changes follow.</summary>
    public static string Ready(long at) => $"id: {Number(at)}\nevent: ready\ndata: {{}}\n\n";

    /// <summary>Tells the client to start over because messages are missing. The empty id makes it reconnect as a new client.</summary>
    /// <param name="reason">Reason without quotes.</param>
    public static string Reset(string reason) => $"id: \nevent: reset\ndata: {{\"reason\":\"{reason}\"}}\n\n";

    /// <summary>Keeps the connection alive, with the id up to which the client has all its messages.</summary>
    public static string Heartbeat(long at) => $"id: {Number(at)}\n:\n\n";

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}
