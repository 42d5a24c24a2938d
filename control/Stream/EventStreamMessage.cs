using System.Globalization;

namespace Broadcast.Control;

/// <summary>Something that whoever listens to the event stream is told.</summary>
/// <param name="Id">Its number; later ones are higher.</param>
/// <param name="Type">One of <see cref="HookTypes"/> or <see cref="EventStreamTypes"/>.</param>
/// <param name="Channel">The channel's name; <see langword="null"/> for what belongs to none.</param>
/// <param name="Body">What happened, as JSON without line breaks: the same as webhooks get.</param>
/// <param name="ChannelId">The channel: another one may have its name by now. <see langword="null"/> where it was gone already.</param>
internal sealed record EventStreamMessage(long Id, string Type, string? Channel, string Body, long? ChannelId = null);

/// <summary>What the event stream tells beside what webhooks are told.</summary>
internal static class EventStreamTypes
{
    /// <summary>What a channel is doing now, whole; told when it changes.</summary>
    public const string ChannelState = "channel.state";

    /// <summary>What is wrong with what a channel's encoders send, whole; told when it changes.</summary>
    public const string ChannelHealth = "channel.health";

    /// <summary>How many watch a channel; told when it changes, every 5 s at most. Who comes anew reads it from the channel.</summary>
    public const string ChannelViewers = "channel.viewers";
}

/// <summary>The event stream as text (WHATWG HTML, section 9.2.5).</summary>
internal static class EventStreamText
{
    /// <summary>How long a browser waits before it connects again.</summary>
    public const string Retry = "retry: 3000\n\n";

    /// <summary>A message.</summary>
    public static string Of(EventStreamMessage message) => $"id: {Number(message.Id)}\n{OfNow(message)}";

    /// <summary>A message that tells how things stand: whoever reads on reads on from another one.</summary>
    public static string OfNow(EventStreamMessage message) => $"event: {message.Type}\ndata: {message.Body}\n\n";

    /// <summary>All that stands has been told; from here on what changes is.</summary>
    public static string Ready(long at) => $"id: {Number(at)}\nevent: ready\ndata: {{}}\n\n";

    /// <summary>What was missed is not there to be told: the client must read everything again. The empty id has it come back as one that is new.</summary>
    /// <param name="reason">Why: plain words without quotes.</param>
    public static string Reset(string reason) => $"id: \nevent: reset\ndata: {{\"reason\":\"{reason}\"}}\n\n";

    /// <summary>A sign of life, with the number up to which the client has all that is for it.</summary>
    public static string Heartbeat(long at) => $"id: {Number(at)}\n:\n\n";

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}
