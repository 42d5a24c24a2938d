using Broadcast.Media.Timeline;

namespace Broadcast.Origin.Live;

/// <summary>
/// State of a rendition beyond the live window. Flags never return to false, because players cope badly with contradictory manifests.
/// </summary>
internal sealed class RenditionHistory(TimeSpan targetDuration)
{
    private long _lastClosed;

    /// <summary>Measured bitrate.</summary>
    public BitrateMeter Bitrate { get; } = new(targetDuration);

    /// <summary>Measured bitrate of the I-frame playlist: the first frame of each segment.</summary>
    public BitrateMeter IFrameBitrate { get; } = new(targetDuration);

    /// <summary>Signals new media of the rendition.</summary>
    public AsyncSignal UpdateSignal { get; } = new();

    /// <summary>Indicates whether new media has not been signaled yet.</summary>
    public bool HasUpdate { get; set; }

    /// <summary>Timestamp of the oldest waiting playlist request; <see langword="null"/> when none waits.</summary>
    public long? OldestWaiterSince { get; private set; }

    /// <summary>Registers a waiting playlist request.</summary>
    /// <param name="since">Timestamp of the request.</param>
    /// <returns>Completes when the request should be evaluated again.</returns>
    public Task Wait(long since)
    {
        OldestWaiterSince = Math.Min(since, OldestWaiterSince ?? since);
        return UpdateSignal.Next;
    }

    /// <summary>Wakes all waiting requests; those without a result wait again.</summary>
    public void Wake()
    {
        OldestWaiterSince = null;
        UpdateSignal.Signal();
    }

    /// <summary>Indicates whether the rendition has had a closed segment with media.</summary>
    public bool HasMedia { get; private set; }

    /// <summary>Indicates whether every closed segment so far started with a sync sample.</summary>
    public bool IsIndependent { get; private set; } = true;

    /// <summary>Delay of its parts against the clock.</summary>
    public Lateness Lateness { get; } = new();

    /// <summary>Gets the state, for a projection elsewhere.</summary>
    /// <param name="rendition">Name of the rendition.</param>
    public RenditionState GetState(string rendition) => new(rendition, _lastClosed, HasMedia, IsIndependent, Bitrate.GetState(),
        IFrameBitrate.GetState(), Lateness.GetState());

    /// <summary>Restores a state.</summary>
    public void Restore(RenditionState state)
    {
        (_lastClosed, HasMedia, IsIndependent) = (state.LastClosed, state.HasMedia, state.IsIndependent);
        Bitrate.Restore(state.Bitrate);
        IFrameBitrate.Restore(state.IFrameBitrate);
        Lateness.Restore(state.Lateness);
    }

    /// <summary>Records all segments of a VOD session.</summary>
    public void Observe(IEnumerable<IndexedSegment> segments)
    {
        foreach (var segment in segments)
        {
            if (segment.HasMedia)
            {
                HasMedia = true;
                IsIndependent &= segment.Independent;
                Bitrate.Add(segment.Length, segment.Duration);
            }
        }
    }

    /// <summary>Records newly closed segments.</summary>
    public void Observe(RenditionTimeline rendition)
    {
        var closed = rendition.Closed;
        var index = closed.Length;
        while (index > 0 && closed[index - 1].Number > _lastClosed)
        {
            index--;
        }

        foreach (var segment in closed[index..])
        {
            _lastClosed = segment.Number;
            if (segment.IsGap || segment.Parts.Count == 0)
            {
                continue;
            }

            HasMedia = true;
            IsIndependent &= segment.Independent;
            Bitrate.Add(segment.Length, segment.Duration);
            if (segment.KeyLength > 0)
            {
                IFrameBitrate.Add(segment.KeyLength, segment.Duration);
            }
        }
    }
}
