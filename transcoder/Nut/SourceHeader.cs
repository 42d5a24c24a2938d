using Broadcast.Media;

namespace Broadcast.Transcoder.Nut;

/// <summary>NUT headers of video sources.</summary>
internal static class SourceHeader
{
    /// <summary>Creates the stream that starts with a sync sample; <see langword="null"/> if NUT has no tag for its codec.</summary>
    public static NutStream? Of(in MediaSample sync)
    {
        // Without B-frames, frames are displayed in decode order and the decoder need not reorder.
        var rate = sync.Track.Config.VideoFormat is { FramesPerSecond: > 0 and var declared } ? declared : 30;
        var delay = Math.Clamp((int)Math.Round((sync.Present - sync.Decode).TotalSeconds * rate), 0, 16);
        return NutStream.Of(sync.Track.Config, sync.Track.Timescale, delay);
    }
}
