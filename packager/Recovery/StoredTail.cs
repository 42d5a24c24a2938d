using Broadcast.Media;
using Broadcast.Media.Bmff;
using Broadcast.Media.Objects;
using Broadcast.Media.Storage;
using Broadcast.Media.Timeline;

namespace Broadcast.Packager.Recovery;

/// <summary>
/// Continues a timeline with segments that are in the object store but not in a readable journal. A lost machine uploads a segment when it
/// is complete, and the journal file that announces it only later. The segments describe themselves, apart from their init segment: the
/// continuation ends at a new init segment, or where the media are not contiguous, as after a reconnect.
/// </summary>
internal static class StoredTail
{
    /// <summary>Maximum number of segments in a rendition that are read: minutes, where a journal file covers ten seconds.</summary>
    private const int MaxSegments = 64;

    /// <summary>Maximum size of a segment that is read, in bytes.</summary>
    private const int MaxLength = 64 << 20;

    /// <summary>Maximum difference between the end of a segment and the start of the next one.</summary>
    private static readonly TimeSpan Tolerance = TimeSpan.FromMilliseconds(100);

    /// <summary>Appends the stored segments that follow the last one of the timeline.</summary>
    /// <param name="spool">Reads the segments.</param>
    /// <param name="timeline">The normalized timeline.</param>
    /// <param name="stored">Names of the session's media in the object store.</param>
    /// <param name="cancellationToken">Cancels the search.</param>
    /// <returns>Number of appended segments over all renditions.</returns>
    /// <exception cref="IOException">The object store failed.</exception>
    public static async Task<int> AppendAsync(ISpool spool, SessionTimeline timeline, IReadOnlySet<ObjectName> stored,
        CancellationToken cancellationToken)
    {
        var names = ObjectNames.Of(timeline.Session);
        var renditions = timeline.Renditions.Where(rendition => rendition.Segments.Count > 0).ToList();
        var appended = 0;
        for (var count = 0; count < MaxSegments && renditions.Count > 0; count++)
        {
            var number = timeline.LastSegment + 1;
            if (renditions.Exists(rendition => rendition.Segments[^1].Number != number - 1))
            {
                break;
            }

            var found = new List<(RenditionTimeline Rendition, List<TimelineEvent.PartReady> Parts)>();
            foreach (var rendition in renditions)
            {
                if (rendition.NewestInit is { } init && !stored.Contains(names.Init(rendition.Name, init.Number + 1))
                    && stored.Contains(names.Segment(rendition.Name, number))
                    && await ReadAsync(spool, rendition, init, names.Segment(rendition.Name, number), number, cancellationToken)
                        is { } parts)
                {
                    found.Add((rendition, parts));
                }
            }

            // The first rendition leads: without it, the others may be the rest of an upload.
            if (found.Count == 0 || found[0].Rendition != renditions[0])
            {
                break;
            }

            foreach (var rendition in renditions)
            {
                if (found.Find(other => other.Rendition == rendition).Parts is { } parts)
                {
                    foreach (var part in parts)
                    {
                        timeline.Apply(part);
                    }

                    timeline.Apply(new TimelineEvent.SegmentClosed(rendition.Name, number));
                    appended++;
                }
                else
                {
                    AddGap(timeline, rendition, number, found[0].Parts);
                }
            }
        }

        return appended;
    }

    private static void AddGap(SessionTimeline timeline, RenditionTimeline rendition, long number, List<TimelineEvent.PartReady> leader)
    {
        var last = rendition.Segments[^1];
        var duration = leader.Aggregate(TimeSpan.Zero, (sum, part) => sum + part.Duration.ToTimeSpan());
        timeline.Apply(new TimelineEvent.SegmentGap(rendition.Name, number, last.Init, last.End,
            MediaTime.From(duration, last.End.Timescale), last.WallClock + last.Duration.ToTimeSpan()));
    }

    /// <summary>Reads the parts of a segment; <see langword="null"/> if it does not continue the rendition.</summary>
    private static async Task<List<TimelineEvent.PartReady>?> ReadAsync(ISpool spool, RenditionTimeline rendition, TimelineInit init,
        ObjectName name, long number, CancellationToken cancellationToken)
    {
        if (await spool.ReadAllAsync(name, MaxLength, cancellationToken) is not { } bytes)
        {
            return null;
        }

        var last = rendition.Segments[^1];
        var timescale = init.Format.Timescale;
        var (parts, start, crc) = (new List<TimelineEvent.PartReady>(), last.End, 0u);
        try
        {
            var fragments = FragmentReader.ReadAll(bytes, out var consumed);
            if (consumed != bytes.Length)
            {
                return null;
            }

            foreach (var fragment in fragments)
            {
                var at = new MediaTime(GetStart(fragment), timescale);
                if ((at.ToTimeSpan() - start.ToTimeSpan()).Duration() > Tolerance)
                {
                    return null;
                }

                var duration = new MediaTime(fragment.Duration, timescale);
                crc = Crc32C.Append(crc, bytes.AsSpan(fragment.Offset, fragment.Length));
                parts.Add(new TimelineEvent.PartReady(rendition.Name, number, parts.Count, init.Number, at, duration,
                    fragment.Samples[0].IsSync, last.WallClock + (at.ToTimeSpan() - last.Start.ToTimeSpan()), name, fragment.Offset,
                    fragment.Length, Crc: crc));
                start = at + duration;
            }
        }
        catch (InvalidBmffException)
        {
            return null;
        }

        return parts.Count > 0 ? parts : null;
    }

    /// <summary>Earliest presentation time of a fragment.</summary>
    private static long GetStart(Fragment fragment)
    {
        var (decode, earliest) = (fragment.BaseDecodeTime, long.MaxValue);
        foreach (var sample in fragment.Samples)
        {
            earliest = Math.Min(earliest, decode + sample.CompositionOffset);
            decode += sample.Duration;
        }

        return earliest;
    }
}
