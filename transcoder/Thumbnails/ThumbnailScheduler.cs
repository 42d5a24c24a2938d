using System.Collections.Concurrent;
using System.Threading.Channels;
using Broadcast.Media;
using Broadcast.Media.PackagerToOrigin;
using Broadcast.Media.Timeline;
using Microsoft.Extensions.Options;

namespace Broadcast.Transcoder.Thumbnails;

/// <summary>A session's slot in the thumbnail queue.</summary>
internal readonly record struct ThumbnailTurn(ChannelName Channel, SessionId Session);

/// <summary>
/// Observes all timelines and schedules image generation. Each session with pending work is queued once; when its slot comes, the newest
/// images are made. Stores no media, only its location. Thread-safe; no method blocks.
/// </summary>
internal sealed class ThumbnailScheduler(IOptions<ThumbnailOptions> options, TimeProvider time) : ITimelineSink
{
    /// <summary>Maximum queued sessions. Further sessions are queued with their next event.</summary>
    private const int MaxQueued = 16_384;

    private static readonly TimeSpan FirstDelay = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan MaxDelay = TimeSpan.FromMinutes(5);

    private readonly ConcurrentDictionary<ThumbnailTurn, Entry> _sessions = new();
    private readonly Channel<ThumbnailTurn> _slots = Channel.CreateBounded<ThumbnailTurn>(MaxQueued);

    /// <summary>Sessions with pending work.</summary>
    public ChannelReader<ThumbnailTurn> Slots => _slots.Reader;

    public void Append(ChannelName channel, SessionId session, IReadOnlyList<TimelineEvent> events)
    {
        if (!options.Value.Enabled)
        {
            return;
        }

        var slot = new ThumbnailTurn(channel, session);
        var entry = _sessions.GetOrAdd(slot, static (_, options) => new Entry(new SessionKeyframes(options)), options.Value);
        lock (entry)
        {
            entry.Keyframes.Observe(events);
            Queue(slot, entry);
        }
    }

    public void Forget(ChannelName channel, SessionId session) => _sessions.TryRemove(new ThumbnailTurn(channel, session), out _);

    /// <summary>
    /// Gets the job of a queued session; <see langword="null"/> if the session has ended. Must be followed by <see cref="Done"/> or
    /// <see cref="Failed"/>.
    /// </summary>
    public ThumbnailJob? Take(ThumbnailTurn slot)
    {
        if (!_sessions.TryGetValue(slot, out var entry))
        {
            return null;
        }

        lock (entry)
        {
            return entry.Keyframes.Next();
        }
    }

    /// <summary>Records a completed or empty job.</summary>
    public void Done(ThumbnailTurn slot) => Complete(slot, failed: false);

    /// <summary>Records a failed job. Each consecutive failure lengthens the session's delay.</summary>
    /// <returns>Number of consecutive failures, including this one.</returns>
    public int Failed(ThumbnailTurn slot) => Complete(slot, failed: true);

    private int Complete(ThumbnailTurn slot, bool failed)
    {
        if (!_sessions.TryGetValue(slot, out var entry))
        {
            return 0;
        }

        lock (entry)
        {
            entry.IsQueued = false;
            entry.Failures = failed ? entry.Failures + 1 : 0;
            if (failed)
            {
                var delay = TimeSpan.FromTicks(Math.Min(MaxDelay.Ticks, FirstDelay.Ticks << Math.Min(entry.Failures - 1, 20)));
                entry.NotBefore = time.GetTimestamp() + (long)(delay.TotalSeconds * time.TimestampFrequency);
            }

            Queue(slot, entry);
            return entry.Failures;
        }
    }

    private void Queue(ThumbnailTurn slot, Entry entry)
    {
        if (!entry.IsQueued && entry.Keyframes.HasNext && time.GetTimestamp() >= entry.NotBefore)
        {
            entry.IsQueued = _slots.Writer.TryWrite(slot);
        }
    }

    private sealed class Entry(SessionKeyframes keyframes)
    {
        public SessionKeyframes Keyframes { get; } = keyframes;

        public bool IsQueued { get; set; }

        public int Failures { get; set; }

        public long NotBefore { get; set; } = long.MinValue;
    }
}
