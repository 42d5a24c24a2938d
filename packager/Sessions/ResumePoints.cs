using Broadcast.Media;
using Broadcast.Media.Bmff;
using Broadcast.Media.PackagerToControl;
using Broadcast.Media.Timeline;

namespace Broadcast.Packager.Sessions;

/// <summary>Reads the media of a recovered session from its timeline and its init segments.</summary>
internal static class ResumePoints
{
    /// <summary>Returns the resume point of a timeline; <see langword="null"/> without readable media, or after the end.</summary>
    /// <param name="timeline">The timeline.</param>
    /// <param name="inits">Bytes of init segments in use, as far as they are readable.</param>
    public static SessionResumePoint? Of(SessionTimeline timeline, IReadOnlyDictionary<ObjectName, byte[]> inits)
    {
        if (timeline.IsEnded)
        {
            return null;
        }

        var (tracks, end) = (new List<Track>(), MediaTime.Zero(MediaTime.VideoTimescale));
        foreach (var rendition in timeline.Renditions)
        {
            if (rendition.Segments is not [.., var last])
            {
                continue;
            }

            end = last.End > end ? last.End : end;

            // The source comes before its rungs.
            if (!tracks.Exists(track => track.Kind == rendition.Kind) && rendition.FindInit(last.Init) is { } init
                && inits.TryGetValue(init.Object, out var bytes) && TryRead(bytes, tracks.Count) is { } track)
            {
                tracks.Add(track);
            }
        }

        return tracks.Count > 0 ? new SessionResumePoint(tracks, end) : null;
    }

    private static Track? TryRead(byte[] bytes, int id)
    {
        try
        {
            return InitSegmentReader.Read(bytes).ToTrack(id);
        }
        catch (InvalidBmffException)
        {
            return null;
        }
    }
}
