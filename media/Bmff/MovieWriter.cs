namespace Broadcast.Media.Bmff;

/// <summary>
/// Writes the bytes before the payloads of a movie: <c>ftyp</c>, <c>moov</c> and the header of <c>mdat</c> (ISO/IEC 14496-12).
/// </summary>
internal static class MovieWriter
{
    /// <summary>Movie timescale in ticks per second, fine enough to shift a track by only a fraction of an audio frame.</summary>
    private const int Clock = MediaTime.VideoTimescale;

    // MP4 times start in 1904, Unix time in 1970. The difference is 66 years with 17 leap days.
    private const long Epoch = 2_082_844_800;

    private const int Margin = 4096;

    /// <summary>Writes the bytes before the payloads.</summary>
    /// <param name="tracks">Tracks, each with samples.</param>
    /// <param name="created">Wall-clock time of the movie's start.</param>
    /// <param name="payloads">Size of all payloads, in bytes.</param>
    public static ReadOnlyMemory<byte> Write(IReadOnlyList<MovieTrack> tracks, DateTimeOffset created, long payloads)
    {
        var writer = new BoxWriter((int)Math.Min(Margin + (tracks.Sum(track => track.Bytes + Margin)), Array.MaxLength));
        using (writer.Box("ftyp"u8))
        {
            // iso6 for signed composition offsets; the other brands for older players.
            writer.Bytes("isom"u8);
            writer.UInt32(0x200);
            writer.Bytes("isomiso6mp41mp42"u8);
        }

        var zero = tracks.Min(track => track.Start);
        var since1904 = (ulong)Math.Max(0, created.ToUnixTimeSeconds() + Epoch);
        var edits = tracks.Select(track => Edit.Of(track, zero)).ToList();
        var chunks = new List<(int Position, MovieTrack Track)>();
        using (writer.Box("moov"u8))
        {
            WriteMovieHeader(writer, since1904, edits.Max(edit => edit.Delay + edit.Length), tracks.Count);
            for (var i = 0; i < tracks.Count; i++)
            {
                using (writer.Box("trak"u8))
                {
                    WriteTrackHeader(writer, tracks[i], (uint)i + 1, since1904, edits[i]);
                    WriteEdits(writer, edits[i]);
                    chunks.Add((WriteMedia(writer, tracks[i], since1904, edits[i].Shift), tracks[i]));
                }
            }
        }

        WriteDataHeader(writer, payloads);
        foreach (var (position, track) in chunks)
        {
            // Chunk offsets are known only after everything before the payloads is written.
            for (var i = 0; i < track.Tables.Chunks.Count; i++)
            {
                writer.PatchUInt64(position + (8 * i), (ulong)(writer.Position + track.Tables.Chunks[i].Offset));
            }
        }

        return writer.Detach();
    }

    private static void WriteDataHeader(BoxWriter writer, long payloads)
    {
        if (payloads + 8 <= uint.MaxValue)
        {
            writer.UInt32((uint)(payloads + 8));
            writer.Bytes("mdat"u8);
        }
        else
        {
            writer.UInt32(1);
            writer.Bytes("mdat"u8);
            writer.UInt64((ulong)(payloads + 16));
        }
    }

    private static void WriteMovieHeader(BoxWriter writer, ulong created, long length, int tracks)
    {
        var version = VersionOf(created, length);
        using (writer.FullBox("mvhd"u8, version, flags: 0))
        {
            WriteTime(writer, version, created);
            WriteTime(writer, version, created);
            writer.UInt32(Clock);
            WriteTime(writer, version, (ulong)length);
            writer.UInt32(0x0001_0000); // rate 1.0
            writer.UInt16(0x0100); // volume 1.0
            writer.Zeros(10);
            writer.Bytes(InitSegmentWriter.UnityMatrix);
            writer.Zeros(24);
            writer.UInt32((uint)tracks + 1); // next_track_ID
        }
    }

    private static void WriteTrackHeader(BoxWriter writer, MovieTrack track, uint id, ulong created, in Edit edit)
    {
        var version = VersionOf(created, edit.Delay + edit.Length);
        var isVideo = track.Setups[0].IsVideo;

        // Flags: enabled, in movie, in preview.
        using (writer.FullBox("tkhd"u8, version, flags: 7))
        {
            WriteTime(writer, version, created);
            WriteTime(writer, version, created);
            writer.UInt32(id);
            writer.Zeros(4);
            WriteTime(writer, version, (ulong)(edit.Delay + edit.Length));
            writer.Zeros(8 + 2 + 2); // reserved, layer, alternate group
            writer.UInt16((ushort)(isVideo ? 0 : 0x0100));
            writer.UInt16(0);
            writer.Bytes(InitSegmentWriter.UnityMatrix);

            // Where the size changes, the track uses the largest.
            var largest = track.Setups.MaxBy(setup => (ulong)setup.Width * setup.Height)!;
            writer.UInt32(largest.Width);
            writer.UInt32(largest.Height);
        }
    }

    private static void WriteEdits(BoxWriter writer, in Edit edit)
    {
        if (edit is { Delay: 0, Skip: 0 })
        {
            return;
        }

        var version = (byte)(edit.Delay > uint.MaxValue || edit.Length > uint.MaxValue || edit.Skip > int.MaxValue ? 1 : 0);
        using (writer.Box("edts"u8))
        using (writer.FullBox("elst"u8, version, flags: 0))
        {
            writer.UInt32(edit.Delay > 0 ? 2u : 1u);
            if (edit.Delay > 0)
            {
                WriteEdit(writer, version, edit.Delay, -1); // an empty edit
            }

            WriteEdit(writer, version, edit.Length, edit.Skip);
        }
    }

    private static void WriteEdit(BoxWriter writer, byte version, long length, long mediaTime)
    {
        WriteTime(writer, version, (ulong)length);
        WriteTime(writer, version, (ulong)mediaTime);
        writer.UInt32(0x0001_0000); // rate 1.0
    }

    /// <returns>Position of the first offset in <c>co64</c>, to be patched.</returns>
    private static int WriteMedia(BoxWriter writer, MovieTrack track, ulong created, int shift)
    {
        var setup = track.Setups[0];
        using (writer.Box("mdia"u8))
        {
            var version = VersionOf(created, track.Tables.Duration);
            using (writer.FullBox("mdhd"u8, version, flags: 0))
            {
                WriteTime(writer, version, created);
                WriteTime(writer, version, created);
                writer.UInt32((uint)track.Timescale);
                WriteTime(writer, version, (ulong)track.Tables.Duration);
                writer.UInt16(setup.Language);
                writer.UInt16(0);
            }

            using (writer.FullBox("hdlr"u8, version: 0, flags: 0))
            {
                writer.UInt32(0);
                writer.UInt32(setup.Handler.Value);
                writer.Zeros(12);
                writer.Bytes(setup.IsVideo ? "Video\0"u8 : "Audio\0"u8);
            }

            if (setup.ExtendedLanguage.Length > 0)
            {
                using (writer.Box("elng"u8))
                {
                    writer.Bytes(setup.ExtendedLanguage);
                }
            }

            using (writer.Box("minf"u8))
            {
                InitSegmentWriter.WriteMediaKind(writer, setup.IsVideo);
                using (writer.Box("stbl"u8))
                {
                    return SampleTableWriter.Write(writer, track, shift);
                }
            }
        }
    }

    /// <summary>Version 1 (64 bits) where 32 bits are not enough.</summary>
    private static byte VersionOf(ulong created, long length) => (byte)(created > uint.MaxValue || length > uint.MaxValue ? 1 : 0);

    private static void WriteTime(BoxWriter writer, byte version, ulong value)
    {
        if (version == 1)
        {
            writer.UInt64(value);
        }
        else
        {
            writer.UInt32((uint)value);
        }
    }

    /// <summary>Position of a track on the movie's timeline.</summary>
    /// <param name="Delay">Delay from the movie's start to the track's start, in ticks of the movie timescale.</param>
    /// <param name="Length">Duration in ticks of the movie timescale.</param>
    /// <param name="Skip">Start of presentation in the track's own time. It is after the first decode time when frames are
    /// reordered.</param>
    /// <param name="Shift">Offset added to all composition offsets, so that presentation does not start before the track.</param>
    private readonly record struct Edit(long Delay, long Length, long Skip, int Shift)
    {
        public static Edit Of(MovieTrack track, MediaTime zero)
        {
            var tables = track.Tables;
            var shift = (int)Math.Max(0, tables.First - tables.Earliest);
            var delay = track.Start.Rescale(Clock).Ticks - zero.Rescale(Clock).Ticks;
            var length = (((Int128)(tables.End - tables.Earliest) * Clock) + track.Timescale - 1) / track.Timescale;
            return new Edit(delay, (long)length, tables.Earliest - tables.First + shift, shift);
        }
    }
}
