using System.Text;

namespace Broadcast.Media.Bmff;

/// <summary>
/// Writes the CMAF header of one track (ISO/IEC 23000-19, 7.3.1): <c>ftyp</c> and a <c>moov</c> without samples. Equal tracks always
/// produce equal bytes.
/// </summary>
public static class InitSegmentWriter
{
    /// <summary>
    /// Default track ID. It is constant, so that a reconnecting encoder with an equal configuration produces equal bytes.
    /// </summary>
    public const uint DefaultTrackId = 1;

    /// <summary>Unity matrix for <c>mvhd</c> and <c>tkhd</c>: the video is not transformed.</summary>
    internal static ReadOnlySpan<byte> UnityMatrix =>
    [
        0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0x40, 0, 0, 0,
    ];

    /// <summary>Writes the init segment of a track.</summary>
    /// <param name="track">Codec, timescale and language of the track.</param>
    /// <param name="trackId">Track ID in the file, 1 or more; must match the <see cref="FragmentWriter"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">The timescale or the track ID is not positive.</exception>
    /// <exception cref="ArgumentException">The configuration is incomplete.</exception>
    public static byte[] Write(Track track, uint trackId = DefaultTrackId)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(track.Timescale);
        ArgumentOutOfRangeException.ThrowIfZero(trackId);
        var writer = new BoxWriter();
        using (writer.Box("ftyp"u8))
        {
            writer.Bytes("iso6"u8);
            writer.UInt32(0);
            writer.Bytes("iso6cmfcdashmp41"u8);
        }

        using (writer.Box("moov"u8))
        {
            WriteMovieHeader(writer, track, trackId);
            using (writer.Box("trak"u8))
            {
                WriteTrackHeader(writer, track, trackId);
                WriteMedia(writer, track);
            }

            using (writer.Box("mvex"u8))
            using (writer.FullBox("trex"u8, version: 0, flags: 0))
            {
                writer.UInt32(trackId);
                writer.UInt32(1); // default_sample_description_index
                writer.Zeros(12); // duration, size, flags: set in every fragment
            }
        }

        return writer.ToArray();
    }

    private static void WriteMovieHeader(BoxWriter writer, Track track, uint trackId)
    {
        using (writer.FullBox("mvhd"u8, version: 0, flags: 0))
        {
            writer.Zeros(8); // created, modified: left 0, so that equal tracks produce equal bytes
            writer.UInt32((uint)track.Timescale);
            writer.UInt32(0); // duration: given by the fragments
            writer.UInt32(0x0001_0000); // rate 1.0
            writer.UInt16(0x0100); // volume 1.0
            writer.Zeros(10);
            writer.Bytes(UnityMatrix);
            writer.Zeros(24);
            writer.UInt32(trackId == uint.MaxValue ? trackId : trackId + 1); // next_track_ID
        }
    }

    private static void WriteTrackHeader(BoxWriter writer, Track track, uint trackId)
    {
        // Flags: enabled, in movie, in preview.
        using (writer.FullBox("tkhd"u8, version: 0, flags: 7))
        {
            writer.Zeros(8);
            writer.UInt32(trackId);
            writer.Zeros(4 + 4 + 8 + 4); // reserved, duration, reserved, layer and alternate group
            writer.UInt16((ushort)(track.Kind == TrackKind.Audio ? 0x0100 : 0));
            writer.UInt16(0);
            writer.Bytes(UnityMatrix);

            // 16.16 fixed point, with the sample aspect ratio applied.
            var (width, height) = track.Config.VideoFormat is { } format ? (format.DisplayWidth, format.Height) : (0, 0);
            writer.UInt32((uint)width << 16);
            writer.UInt32((uint)height << 16);
        }
    }

    private static void WriteMedia(BoxWriter writer, Track track)
    {
        using (writer.Box("mdia"u8))
        {
            using (writer.FullBox("mdhd"u8, version: 0, flags: 0))
            {
                writer.Zeros(8);
                writer.UInt32((uint)track.Timescale);
                writer.UInt32(0);
                writer.UInt16(LanguageCode.Pack(track.Language));
                writer.UInt16(0);
            }

            using (writer.FullBox("hdlr"u8, version: 0, flags: 0))
            {
                writer.UInt32(0);
                writer.Bytes(track.Kind == TrackKind.Video ? "vide"u8 : "soun"u8);
                writer.Zeros(12);
                writer.Bytes(track.Kind == TrackKind.Video ? "Video\0"u8 : "Audio\0"u8);
            }

            if (LanguageCode.NeedsExtended(track.Language))
            {
                using (writer.FullBox("elng"u8, version: 0, flags: 0))
                {
                    writer.Bytes(Encoding.ASCII.GetBytes(track.Language!));
                    writer.UInt8(0);
                }
            }

            using (writer.Box("minf"u8))
            {
                WriteMediaInformation(writer, track);
            }
        }
    }

    private static void WriteMediaInformation(BoxWriter writer, Track track)
    {
        WriteMediaKind(writer, track.Kind == TrackKind.Video);
        using (writer.Box("stbl"u8))
        {
            using (writer.FullBox("stsd"u8, version: 0, flags: 0))
            {
                writer.UInt32(1);
                SampleEntryWriter.Write(writer, track);
            }

            WriteEmptyTable(writer, "stts"u8, 4);
            WriteEmptyTable(writer, "stsc"u8, 4);
            WriteEmptyTable(writer, "stsz"u8, 8);
            WriteEmptyTable(writer, "stco"u8, 4);
        }
    }

    /// <summary>Writes the boxes of <c>minf</c> before the sample tables: the media type, and that the media is in the same file.</summary>
    internal static void WriteMediaKind(BoxWriter writer, bool isVideo)
    {
        if (isVideo)
        {
            using (writer.FullBox("vmhd"u8, version: 0, flags: 1))
            {
                writer.Zeros(8);
            }
        }
        else
        {
            using (writer.FullBox("smhd"u8, version: 0, flags: 0))
            {
                writer.Zeros(4);
            }
        }

        using (writer.Box("dinf"u8))
        using (writer.FullBox("dref"u8, version: 0, flags: 0))
        {
            writer.UInt32(1);
            using (writer.FullBox("url "u8, version: 0, flags: 1))
            {
                // Flag 1: the media is in this file.
            }
        }
    }

    private static void WriteEmptyTable(BoxWriter writer, ReadOnlySpan<byte> type, int length)
    {
        using (writer.FullBox(type, version: 0, flags: 0))
        {
            writer.Zeros(length);
        }
    }
}
