namespace Broadcast.Transcoder.Encoders;

/// <summary>When the next worker may start, by what became of those before it: each death makes the pause longer, and a source that changes all the time shall not start a process for each change. Owned by one encoder.</summary>
/// <param name="time">The clock.</param>
internal sealed class Restarts(TimeProvider time)
{
    /// <summary>Deaths in a row after which less is tried.</summary>
    public const int DeathsBeforeLess = 3;

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);

    /// <summary>From one start to the next but one, at least: a source whose configuration changes with every keyframe shall not start a process for each.</summary>
    private static readonly TimeSpan BetweenStarts = TimeSpan.FromSeconds(2);

    /// <summary>A worker that has lived for so long was a good one.</summary>
    private static readonly TimeSpan GoodLife = TimeSpan.FromMinutes(1);

    private long? _startedBefore;
    private long _notBefore = long.MinValue;

    /// <summary>Deaths in a row.</summary>
    public int Deaths { get; private set; }

    /// <summary>Whether a worker may start now.</summary>
    public bool MayStart => time.GetTimestamp() >= _notBefore;

    /// <summary>Whether so many have died that the next worker is not to be counted on.</summary>
    public bool AreHopeless => Deaths >= DeathsBeforeLess;

    /// <summary>Whether it is time to try less: after each third death in a row.</summary>
    public bool AskForLess => Deaths % DeathsBeforeLess == 0;

    /// <summary>A worker has died.</summary>
    /// <param name="lived">How long it lived.</param>
    public void Died(TimeSpan lived) => Deaths = lived >= GoodLife ? 1 : Deaths + 1;

    /// <summary>The next one waits: longer with every death.</summary>
    /// <returns>How long.</returns>
    public TimeSpan Pause() => Pause(TimeSpan.FromTicks(Math.Min(LongestPause.Ticks, FirstPause.Ticks << Math.Min(Deaths - 1, 20))));

    /// <summary>The next one waits.</summary>
    /// <param name="pause">How long.</param>
    /// <returns>The same.</returns>
    public TimeSpan Pause(TimeSpan pause)
    {
        _notBefore = After(time.GetTimestamp(), pause);
        return pause;
    }

    /// <summary>Something was found out: the next one waits no longer than after a first death.</summary>
    public void GoOn() => Pause(FirstPause);

    /// <summary>A worker was let go because the source has changed.</summary>
    /// <param name="startedAt">When it began, as the clock's timestamp.</param>
    public void Changed(long startedAt)
    {
        _notBefore = _startedBefore is { } before ? Math.Max(_notBefore, After(before, BetweenStarts)) : _notBefore;
        _startedBefore = startedAt;
    }

    private long After(long timestamp, TimeSpan pause) => timestamp + (long)(pause.TotalSeconds * time.TimestampFrequency);
}
