using System.Collections.Concurrent;
using Broadcast.Media;

namespace Broadcast.Host.Observability.Measuring;

/// <summary>Listens to what the packager announces, and remembers for each channel the longest time that a part took from the arrival of its end, until somebody takes that. Bounded by the channels that are on air.</summary>
/// <param name="time">The clock.</param>
internal sealed class DelayMeter(TimeProvider time) : ITimelineSink
{
    /// <summary>What takes longer is no part that was just made: a session of before is being read again.</summary>
    private static readonly TimeSpan Most = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<ChannelName, TimeSpan> _longest = new();

    /// <summary>The longest of each channel since this was asked last.</summary>
    public IReadOnlyDictionary<ChannelName, TimeSpan> Take()
    {
        var taken = new Dictionary<ChannelName, TimeSpan>();
        foreach (var channel in _longest.Keys)
        {
            if (_longest.TryRemove(channel, out var longest))
            {
                taken.Add(channel, longest);
            }
        }

        return taken;
    }

    /// <inheritdoc/>
    public void Append(ChannelName channel, SessionId session, IReadOnlyList<TimelineEvent> events)
    {
        var now = time.GetUtcNow();
        foreach (var part in events.OfType<TimelineEvent.PartReady>())
        {
            var delay = now - part.WallClock - part.Duration.ToTimeSpan();
            if (delay <= Most)
            {
                // An encoder whose clock is fast is a little ahead of its arrival.
                var said = delay > TimeSpan.Zero ? delay : TimeSpan.Zero;
                _longest.AddOrUpdate(channel, said, (_, before) => before > said ? before : said);
            }
        }
    }

    /// <inheritdoc/>
    public void Forget(ChannelName channel, SessionId session)
    {
        // What it has of the channel is taken in a moment.
    }
}
