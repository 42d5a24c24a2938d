using System.Collections.Concurrent;
using System.Threading.Channels;
using Broadcast.Media;
using Microsoft.Extensions.Options;

namespace Broadcast.Transcoder.Pictures;

/// <summary>A session's turn to have pictures made.</summary>
internal readonly record struct PictureTurn(ChannelName Channel, SessionId Session);

/// <summary>
/// Listens to all sessions' timelines and knows whose turn it is: each session that has something to be made stands in one queue once, and what is made is the newest at its turn. Nothing of the media is kept, only where
/// it was announced. Any thread may call; nothing here waits or takes long.
/// </summary>
internal sealed class PictureDesk(IOptions<PictureOptions> options, TimeProvider time) : ITimelineSink
{
    /// <summary>Sessions that may wait at a time. One beyond it comes with its next event.</summary>
    private const int MaxTurns = 16_384;

    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(5);

    private readonly ConcurrentDictionary<PictureTurn, Entry> _sessions = new();
    private readonly Channel<PictureTurn> _turns = Channel.CreateBounded<PictureTurn>(MaxTurns);

    /// <summary>Whose turn it is.</summary>
    public ChannelReader<PictureTurn> Turns => _turns.Reader;

    public void Append(ChannelName channel, SessionId session, IReadOnlyList<TimelineEvent> events)
    {
        if (!options.Value.Enabled)
        {
            return;
        }

        var turn = new PictureTurn(channel, session);
        var entry = _sessions.GetOrAdd(turn, static (_, options) => new Entry(new SessionShots(options)), options.Value);
        lock (entry)
        {
            entry.Shots.Observe(events);
            Queue(turn, entry);
        }
    }

    public void Forget(ChannelName channel, SessionId session) => _sessions.TryRemove(new PictureTurn(channel, session), out _);

    /// <summary>What is to be made for a session whose turn it is; <see langword="null"/> when it has gone. <see cref="Done"/> or <see cref="Failed"/> must follow.</summary>
    public PictureJob? Take(PictureTurn turn)
    {
        if (!_sessions.TryGetValue(turn, out var entry))
        {
            return null;
        }

        lock (entry)
        {
            return entry.Shots.Next();
        }
    }

    /// <summary>It was made, or there was nothing to make.</summary>
    public void Done(PictureTurn turn) => After(turn, failed: false);

    /// <summary>It was not. The session waits longer after each failure in a row.</summary>
    /// <returns>How many failures in a row there were, this one included.</returns>
    public int Failed(PictureTurn turn) => After(turn, failed: true);

    private int After(PictureTurn turn, bool failed)
    {
        if (!_sessions.TryGetValue(turn, out var entry))
        {
            return 0;
        }

        lock (entry)
        {
            entry.IsQueued = false;
            entry.Failures = failed ? entry.Failures + 1 : 0;
            if (failed)
            {
                var pause = TimeSpan.FromTicks(Math.Min(LongestPause.Ticks, FirstPause.Ticks << Math.Min(entry.Failures - 1, 20)));
                entry.NotBefore = time.GetTimestamp() + (long)(pause.TotalSeconds * time.TimestampFrequency);
            }

            Queue(turn, entry);
            return entry.Failures;
        }
    }

    private void Queue(PictureTurn turn, Entry entry)
    {
        if (!entry.IsQueued && entry.Shots.HasNext && time.GetTimestamp() >= entry.NotBefore)
        {
            entry.IsQueued = _turns.Writer.TryWrite(turn);
        }
    }

    private sealed class Entry(SessionShots shots)
    {
        public SessionShots Shots { get; } = shots;

        public bool IsQueued { get; set; }

        public int Failures { get; set; }

        public long NotBefore { get; set; } = long.MinValue;
    }
}
