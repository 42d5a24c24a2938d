using Broadcast.Media;
using Broadcast.Transcoder.Nut;

namespace Broadcast.Transcoder.Encoders;

/// <summary>How a source is told to a decoder.</summary>
internal static class SourceHeader
{
    /// <summary>Its NUT header, or <see langword="null"/> where it cannot be decoded.</summary>
    /// <param name="sync">A picture that decoding begins with.</param>
    public static NutStream? Of(in MediaSample sync)
    {
        // Without B-frames a picture is shown when it is decoded, and the decoder need not wait for others.
        var rate = sync.Track.Config.Picture is { FramesPerSecond: > 0 and var claimed } ? claimed : 30;
        var delay = Math.Clamp((int)Math.Round((sync.Present - sync.Decode).TotalSeconds * rate), 0, 16);
        return NutStream.Of(sync.Track.Config, sync.Track.Timescale, delay);
    }
}
