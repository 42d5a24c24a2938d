using System.Text;

namespace Broadcast.Publisher;

/// <summary>Packet types (Enhanced RTMP v2, VideoPacketType and AudioPacketType).</summary>
public enum EnhancedPacket
{
    /// <summary>A codec configuration.</summary>
    SequenceStart = 0,

    /// <summary>A frame. Frames of H.264 and HEVC include a composition time.</summary>
    CodedFrames = 1,

    /// <summary>The end of a sequence.</summary>
    SequenceEnd = 2,

    /// <summary>A frame with composition time zero.</summary>
    CodedFramesX = 3,

    /// <summary>Metadata of video, or the channel configuration of audio.</summary>
    Description = 4,
}

/// <summary>One track's part of a message.</summary>
/// <param name="Track">Track number, 0 to 255.</param>
/// <param name="Codec">Four ASCII characters, such as <c>hvc1</c>.</param>
/// <param name="Data">Content of the packet.</param>
public readonly record struct EnhancedTrack(byte Track, string Codec, ReadOnlyMemory<byte> Data);

/// <summary>
/// Writes bodies of audio and video messages with extended headers (Enhanced RTMP v2, ExVideoTagHeader and ExAudioTagHeader), as encoders
/// do.
/// </summary>
public static class EnhancedBody
{
    private const byte VideoMark = 0x80;
    private const byte AudioMark = 0x90;
    private const int KeyFrame = 1;
    private const int InterFrame = 2;
    private const int VideoMultitrack = 6;
    private const int AudioMultitrack = 5;
    private const int Extension = 7;

    /// <summary>Creates a video message with one track. Track 0 has no track number, as in single-track encoders.</summary>
    /// <param name="packet">Packet type.</param>
    /// <param name="codec">Four ASCII characters.</param>
    /// <param name="data">Data after the header.</param>
    /// <param name="isSync">Whether to mark the frame as a keyframe.</param>
    /// <param name="track">0 to 255.</param>
    /// <param name="compositionOffset">Milliseconds; written with coded frames of H.264 and HEVC.</param>
    /// <param name="nanoseconds">Offset to the message's timestamp, 0 to 999,999; written when not 0.</param>
    public static byte[] Video(
        EnhancedPacket packet, string codec, ReadOnlySpan<byte> data, bool isSync = true, byte track = 0, int compositionOffset = 0,
        int nanoseconds = 0)
    {
        byte[] offset = packet == EnhancedPacket.CodedFrames && codec is "avc1" or "hvc1"
            ? [(byte)(compositionOffset >> 16), (byte)(compositionOffset >> 8), (byte)compositionOffset]
            : [];
        return [.. Header(FrameMark(isSync), VideoMultitrack, packet, track, nanoseconds), .. Codec(codec), .. Number(track), .. offset,
            .. data];
    }

    /// <summary>Creates an audio message with one track. Track 0 has no track number.</summary>
    /// <param name="packet">Packet type.</param>
    /// <param name="codec">Four ASCII characters.</param>
    /// <param name="data">Data after the header.</param>
    /// <param name="track">0 to 255.</param>
    /// <param name="nanoseconds">Offset to the message's timestamp, 0 to 999,999; written when not 0.</param>
    public static byte[] Audio(EnhancedPacket packet, string codec, ReadOnlySpan<byte> data, byte track = 0, int nanoseconds = 0) =>
        [.. Header(AudioMark, AudioMultitrack, packet, track, nanoseconds), .. Codec(codec), .. Number(track), .. data];

    /// <summary>
    /// Creates a video message with several tracks. Their data begins with a composition time where the packet type requires one.
    /// </summary>
    public static byte[] VideoTracks(EnhancedPacket packet, IReadOnlyList<EnhancedTrack> tracks, bool isSync = true) =>
        Tracks((byte)(FrameMark(isSync) | VideoMultitrack), packet, tracks);

    /// <summary>Creates an audio message with several tracks.</summary>
    public static byte[] AudioTracks(EnhancedPacket packet, IReadOnlyList<EnhancedTrack> tracks) =>
        Tracks(AudioMark | AudioMultitrack, packet, tracks);

    /// <summary>Converts a legacy H.264 or AAC tag to an Enhanced RTMP tag of a track.</summary>
    /// <param name="tag">The tag; any other tag is returned unchanged.</param>
    /// <param name="track">0 to 255.</param>
    public static FlvTag ConvertToTrack(FlvTag tag, byte track)
    {
        var body = tag.Body.Span;
        if (tag.IsVideo && body.Length >= 5 && (body[0] & 0x8F) == 7 && body[1] <= 2)
        {
            var offset = ((sbyte)body[2] << 16) | (body[3] << 8) | body[4];
            return tag with { Body = Video((EnhancedPacket)body[1], "avc1", body[5..], body[0] >> 4 == KeyFrame, track, offset) };
        }

        return tag.IsAudio && body.Length >= 2 && body[0] >> 4 == 10 && body[1] <= 1
            ? tag with { Body = Audio((EnhancedPacket)body[1], "mp4a", body[2..], track) }
            : tag;
    }

    private static byte FrameMark(bool isSync) => (byte)(VideoMark | ((isSync ? KeyFrame : InterFrame) << 4));

    private static byte[] Header(byte mark, int multitrack, EnhancedPacket packet, byte track, int nanoseconds)
    {
        var type = track > 0 ? multitrack : (int)packet;
        byte[] header = nanoseconds == 0
            ? [(byte)(mark | type)]
            : [(byte)(mark | Extension), 2, (byte)(nanoseconds >> 16), (byte)(nanoseconds >> 8), (byte)nanoseconds, (byte)type];
        return track > 0 ? [.. header, (byte)packet] : header;
    }

    private static byte[] Tracks(byte mark, EnhancedPacket packet, IReadOnlyList<EnhancedTrack> tracks)
    {
        var isOneCodec = tracks.All(t => t.Codec == tracks[0].Codec);
        var body = new List<byte> { mark, (byte)(((isOneCodec ? 1 : 2) << 4) | (int)packet) };
        if (isOneCodec)
        {
            body.AddRange(Codec(tracks[0].Codec));
        }

        foreach (var track in tracks)
        {
            var length = track.Data.Length;
            body.AddRange([.. isOneCodec ? [] : Codec(track.Codec), track.Track, (byte)(length >> 16), (byte)(length >> 8), (byte)length]);
            body.AddRange(track.Data.Span);
        }

        return [.. body];
    }

    private static byte[] Number(byte track) => track > 0 ? [track] : [];

    private static byte[] Codec(string codec) =>
        codec.Length == 4
            ? Encoding.ASCII.GetBytes(codec)
            : throw new ArgumentException($"'{codec}' must have four characters.", nameof(codec));
}
