using Microsoft.Extensions.Options;

namespace Broadcast.Chat;

/// <summary>Chat of viewers. Section <c>Chat</c>.</summary>
public sealed class ChatOptions
{
    /// <summary>Name of the configuration section.</summary>
    public const string Section = "Chat";

    /// <summary>
    /// Minimum time between two batches of messages of a session; 200 milliseconds to 5 seconds. A message that follows a pause is
    /// published at once. Each batch costs the server one request per edge.
    /// </summary>
    public TimeSpan BatchInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Maximum messages per second that viewers of a session see; 1 to 200. Above it, messages are sampled so that each sender keeps the
    /// same share. People read about 20 per second at most.
    /// </summary>
    public int ReadableRate { get; set; } = 20;

    /// <summary>Messages per minute that one participant can send; 1 to 600. Up to 5 can follow each other at once.</summary>
    public int MessagesPerMinute { get; set; } = 30;

    /// <summary>
    /// Messages per minute from one IPv4 address or IPv6 /64; 1 to 100,000. Many viewers can share an address. Applies where the viewer's
    /// own address is known: without an edge or proxy, or behind one in <c>Delivery:TrustedProxies</c>.
    /// </summary>
    public int MessagesPerMinutePerClient { get; set; } = 300;

    /// <summary>Participants that can join per minute from one IPv4 address or IPv6 /64; 1 to 100,000.</summary>
    public int JoinsPerMinutePerClient { get; set; } = 30;
}

internal sealed class ChatOptionsValidator : IValidateOptions<ChatOptions>
{
    public ValidateOptionsResult Validate(string? name, ChatOptions options)
    {
        var errors = new ValidateOptionsResultBuilder();
        Check(options.BatchInterval >= TimeSpan.FromMilliseconds(200) && options.BatchInterval <= TimeSpan.FromSeconds(5),
            nameof(ChatOptions.BatchInterval), options.BatchInterval, "200 milliseconds to 5 seconds");
        Check(options.ReadableRate is >= 1 and <= 200, nameof(ChatOptions.ReadableRate), options.ReadableRate, "1 to 200");
        Check(options.MessagesPerMinute is >= 1 and <= 600, nameof(ChatOptions.MessagesPerMinute), options.MessagesPerMinute, "1 to 600");
        Check(options.MessagesPerMinutePerClient is >= 1 and <= 100_000, nameof(ChatOptions.MessagesPerMinutePerClient),
            options.MessagesPerMinutePerClient, "1 to 100,000");
        Check(options.JoinsPerMinutePerClient is >= 1 and <= 100_000, nameof(ChatOptions.JoinsPerMinutePerClient),
            options.JoinsPerMinutePerClient, "1 to 100,000");
        return errors.Build();

        void Check(bool isValid, string option, object value, string range)
        {
            if (!isValid)
            {
                errors.AddError($"{ChatOptions.Section}:{option} is {value}, but must be {range}.");
            }
        }
    }
}
