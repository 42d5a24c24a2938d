using System.Collections.Concurrent;
using Broadcast.Media;
using Broadcast.Media.PackagerToOrigin;
using Broadcast.Media.Timeline;

namespace Broadcast.Host.Observability.Measuring;

/// <summary>
/// Records the longest delay from the arrival of a part's end to its announcement, per channel, until it is read. Bounded by the number of
/// live channels.
/// </summary>
/// <param name="time">The clock.</param>
internal sealed class DelayMeter(TimeProvider time) : ITimelineSink
{
    /// <summary>A longer delay is not that of a new part: an earlier session is being read again.</summary>
    private static readonly TimeSpan MaxDelay = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<ChannelName, TimeSpan> _maxDelays = new();

    /// <summary>Takes the longest delay of each channel since the last call.</summary>
    public IReadOnlyDictionary<ChannelName, TimeSpan> Take()
    {
        var result = new Dictionary<ChannelName, TimeSpan>();
        foreach (var channel in _maxDelays.Keys)
        {
            if (_maxDelays.TryRemove(channel, out var maxDelay))
            {
                result.Add(channel, maxDelay);
            }
        }

        return result;
    }

    /// <inheritdoc/>
    public void Append(ChannelName channel, SessionId session, IReadOnlyList<TimelineEvent> events)
    {
        var now = time.GetUtcNow();
        foreach (var part in events.OfType<TimelineEvent.PartReady>())
        {
            var delay = now - part.WallClock - part.Duration.ToTimeSpan();
            if (delay <= MaxDelay)
            {
                // Media of an encoder with a fast clock can be slightly ahead of its arrival.
                var clamped = delay > TimeSpan.Zero ? delay : TimeSpan.Zero;
                _maxDelays.AddOrUpdate(channel, clamped, (_, current) => current > clamped ? current : clamped);
            }
        }
    }

    /// <inheritdoc/>
    public void Forget(ChannelName channel, SessionId session)
    {
        // The channel's value is taken soon.
    }
}
