namespace Broadcast.Media.Bmff;

/// <summary>Writes the content of <c>stbl</c>.</summary>
internal static class SampleTableWriter
{
    /// <summary>Writes all sample tables of a track.</summary>
    /// <param name="writer">Destination.</param>
    /// <param name="track">The track.</param>
    /// <param name="shift">Offset added to all composition offsets.</param>
    /// <returns>Position of the first offset in <c>co64</c>, to be patched; the others follow it.</returns>
    public static int Write(BoxWriter writer, MovieTrack track, int shift)
    {
        var tables = track.Tables;
        using (writer.FullBox("stsd"u8, version: 0, flags: 0))
        {
            writer.UInt32((uint)track.Setups.Count);
            foreach (var setup in track.Setups)
            {
                writer.Bytes(setup.SampleEntry);
            }
        }

        WriteDurations(writer, tables);
        WriteOffsets(writer, tables.Offsets, shift);
        if (tables.Syncs is { } syncs)
        {
            using (writer.FullBox("stss"u8, version: 0, flags: 0))
            {
                writer.UInt32((uint)syncs.Count);
                foreach (var number in syncs)
                {
                    writer.UInt32(number);
                }
            }
        }

        WriteChunks(writer, tables.Chunks);
        WriteSizes(writer, tables.Sizes);
        int position;
        using (writer.FullBox("co64"u8, version: 0, flags: 0))
        {
            writer.UInt32((uint)tables.Chunks.Count);
            position = writer.Position;
            writer.Zeros(8 * tables.Chunks.Count);
        }

        return position;
    }

    /// <summary>8.6.1.2. The last sample joins the preceding run when it has the same duration.</summary>
    private static void WriteDurations(BoxWriter writer, SampleTables tables)
    {
        var runs = tables.Durations;
        var last = (uint)Math.Clamp(tables.LastDuration, 0, uint.MaxValue);
        var isSame = runs is [.., var before] && before.Value == last;
        using (writer.FullBox("stts"u8, version: 0, flags: 0))
        {
            writer.UInt32((uint)(runs.Count + (isSame ? 0 : 1)));
            for (var i = 0; i < runs.Count; i++)
            {
                writer.UInt32(runs[i].Count + (isSame && i == runs.Count - 1 ? 1u : 0));
                writer.UInt32(runs[i].Value);
            }

            if (!isSame)
            {
                writer.UInt32(1);
                writer.UInt32(last);
            }
        }
    }

    /// <summary>8.6.1.3. Version 1 with negative offsets; no box when all offsets are 0.</summary>
    private static void WriteOffsets(BoxWriter writer, List<SampleTables.Run<int>> runs, int shift)
    {
        if (shift == 0 && runs is [{ Value: 0 }])
        {
            return;
        }

        var isSigned = runs.Exists(run => run.Value + shift < 0);
        using (writer.FullBox("ctts"u8, version: (byte)(isSigned ? 1 : 0), flags: 0))
        {
            writer.UInt32((uint)runs.Count);
            foreach (var run in runs)
            {
                writer.UInt32(run.Count);
                writer.Int32(run.Value + shift);
            }
        }
    }

    /// <summary>8.7.4. One entry per run of chunks with the same number of samples and the same sample entry.</summary>
    private static void WriteChunks(BoxWriter writer, List<SampleTables.Chunk> chunks)
    {
        using (writer.FullBox("stsc"u8, version: 0, flags: 0))
        {
            var count = writer.Position;
            writer.UInt32(0);
            var (runs, samples, description) = (0u, 0, 0);
            for (var i = 0; i < chunks.Count; i++)
            {
                var chunk = chunks[i];
                if (chunk.Samples == samples && chunk.Description == description)
                {
                    continue;
                }

                (samples, description) = (chunk.Samples, chunk.Description);
                writer.UInt32((uint)i + 1);
                writer.UInt32((uint)samples);
                writer.UInt32((uint)description);
                runs++;
            }

            writer.PatchUInt32(count, runs);
        }
    }

    /// <summary>8.7.3.2. One common size when all samples have it.</summary>
    private static void WriteSizes(BoxWriter writer, List<int> sizes)
    {
        var isOne = sizes[0] > 0 && sizes.TrueForAll(size => size == sizes[0]);
        using (writer.FullBox("stsz"u8, version: 0, flags: 0))
        {
            writer.UInt32(isOne ? (uint)sizes[0] : 0);
            writer.UInt32((uint)sizes.Count);
            if (!isOne)
            {
                foreach (var size in sizes)
                {
                    writer.UInt32((uint)size);
                }
            }
        }
    }
}
