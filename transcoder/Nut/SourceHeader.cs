using Broadcast.Media;

namespace Broadcast.Transcoder.Nut;

/// <summary>How a source's pictures are announced to ffmpeg.</summary>
internal static class SourceHeader
{
    /// <summary>The stream that begins with a sync sample; <see langword="null"/> where ffmpeg would have no tag for it in NUT.</summary>
    public static NutStream? Of(in MediaSample sync)
    {
        // Without B-frames a picture is shown when it is decoded, and the decoder need not wait for others.
        var rate = sync.Track.Config.Picture is { FramesPerSecond: > 0 and var claimed } ? claimed : 30;
        var delay = Math.Clamp((int)Math.Round((sync.Present - sync.Decode).TotalSeconds * rate), 0, 16);
        return NutStream.Of(sync.Track.Config, sync.Track.Timescale, delay);
    }
}
