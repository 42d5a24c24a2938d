using Broadcast.Media;

namespace Broadcast.Origin;

/// <summary>What the origin remembers of a rendition beyond the window. Once true, things stay true: players dislike manifests that change their mind.</summary>
internal sealed class RenditionRecord(TimeSpan targetDuration)
{
    private long _lastClosed;

    /// <summary>Measured bits a second.</summary>
    public BitrateMeter Bitrate { get; } = new(targetDuration);

    /// <summary>Measured bits a second of what an I-frame playlist lists: the first picture of each segment.</summary>
    public BitrateMeter KeyBitrate { get; } = new(targetDuration);

    /// <summary>Tells those who wait for more of it.</summary>
    public Announcement Announced { get; } = new();

    /// <summary>Whether something was announced that those who wait have not been told yet.</summary>
    public bool IsNews { get; set; }

    /// <summary>Its media playlist.</summary>
    public PlaylistCells Playlist { get; } = new();

    /// <summary>Timestamp since which the one who has waited longest for its playlist does so; <see langword="null"/> when nobody does.</summary>
    public long? WaitedForSince { get; private set; }

    /// <summary>Somebody waits for its playlist.</summary>
    /// <param name="since">Timestamp since which.</param>
    /// <returns>Completes when it is worth looking again.</returns>
    public Task Wait(long since)
    {
        WaitedForSince = Math.Min(since, WaitedForSince ?? since);
        return Announced.Next;
    }

    /// <summary>Wakes all who wait for anything of it; those who are not content wait again.</summary>
    public void Wake()
    {
        WaitedForSince = null;
        Announced.Tell();
    }

    /// <summary>Whether it ever had a whole segment with media in it.</summary>
    public bool HasMedia { get; private set; }

    /// <summary>Whether every whole segment so far began with a sync sample.</summary>
    public bool IsIndependent { get; private set; } = true;

    /// <summary>How late its parts come by the clock.</summary>
    public Lateness Lateness { get; } = new();

    /// <summary>Takes note of all segments of a replay.</summary>
    public void Observe(IEnumerable<ChapterSegment> segments)
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

    /// <summary>Takes note of segments that have become whole.</summary>
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
                KeyBitrate.Add(segment.KeyLength, segment.Duration);
            }
        }
    }
}
