using Broadcast.Media.Bmff;

namespace Broadcast.Media.Tests.Bmff;

/// <summary>A sample in the tables of a movie.</summary>
internal readonly record struct MovieSample(long Decode, long Present, uint Duration, int Size, bool IsSync, long Offset, int Description);

/// <summary>A track in the tables of a movie; durations of edits are in 1/90,000 s.</summary>
internal sealed record ReadTrack(string Handler, int Timescale, long Duration, long Shown, int Descriptions,
    IReadOnlyList<MovieSample> Samples, IReadOnlyList<(long Length, long MediaTime)> Edits)
{
    /// <summary>Offset of the track's start in the movie, in 1/90,000 s.</summary>
    public long Delay => Edits is [(var length, -1), ..] ? length : 0;

    /// <summary>Presentation time of a sample, in ticks from the start of the track.</summary>
    public long ShownAt(in MovieSample sample) => sample.Present - (Edits.Count > 0 ? Edits[^1].MediaTime : 0);
}

/// <summary>Reads a movie's tables as a player does (ISO/IEC 14496-12, 8.6 and 8.7), independently of the product's code.</summary>
internal static class MovieReading
{
    public static IReadOnlyList<ReadTrack> Read(ReadOnlySpan<byte> head)
    {
        var tracks = new List<ReadTrack>();
        var moov = BoxReader.Find(head, "moov"u8);
        var boxes = new BoxReader(moov);
        while (boxes.TryRead(out var box))
        {
            if (box.Type == BoxType.Of("trak"u8))
            {
                tracks.Add(ReadTrack(boxes.Body(box)));
            }
        }

        return tracks;
    }

    private static ReadTrack ReadTrack(ReadOnlySpan<byte> trak)
    {
        var tkhd = Fields(trak, "tkhd"u8, out var version);
        tkhd.Skip(version == 1 ? 24 : 16);
        var shown = Time(ref tkhd, version);
        var mdhd = Fields(trak, "mdia/mdhd"u8, out version);
        mdhd.Skip(version == 1 ? 16 : 8);
        var (timescale, duration) = ((int)mdhd.UInt32(), Time(ref mdhd, version));
        var hdlr = Fields(trak, "mdia/hdlr"u8, out _);
        hdlr.Skip(4);
        var stbl = BoxReader.Find(trak, "mdia/minf/stbl"u8);
        var stsd = Fields(stbl, "stsd"u8, out _);
        return new ReadTrack(new BoxType(hdlr.UInt32()).ToString(), timescale, duration, shown, (int)stsd.UInt32(), ReadSamples(stbl),
            ReadEdits(trak));
    }

    private static List<(long, long)> ReadEdits(ReadOnlySpan<byte> trak)
    {
        var edits = new List<(long, long)>();
        if (BoxReader.TryFind(trak, "edts/elst"u8, out _))
        {
            var elst = Fields(trak, "edts/elst"u8, out var version);
            for (var count = elst.UInt32(); count > 0; count--)
            {
                edits.Add((Time(ref elst, version), version == 1 ? (long)elst.UInt64() : elst.Int32()));
                elst.UInt32().ShouldBeRate();
            }
        }

        return edits;
    }

    private static MovieSample[] ReadSamples(ReadOnlySpan<byte> stbl)
    {
        var stsz = Fields(stbl, "stsz"u8, out _);
        var one = stsz.UInt32();
        var samples = new MovieSample[stsz.UInt32()];
        for (var i = 0; i < samples.Length; i++)
        {
            samples[i] = new MovieSample { Size = (int)(one > 0 ? one : stsz.UInt32()) };
        }

        var (index, decode) = (0, 0L);
        var stts = Fields(stbl, "stts"u8, out _);
        for (var runs = stts.UInt32(); runs > 0; runs--)
        {
            var (count, delta) = (stts.UInt32(), stts.UInt32());
            for (; count > 0; count--)
            {
                samples[index] = samples[index] with { Decode = decode, Present = decode, Duration = delta };
                (index, decode) = (index + 1, decode + delta);
            }
        }

        (index == samples.Length).ShouldHold("stts has as many samples as stsz");
        if (BoxReader.TryFind(stbl, "ctts"u8, out _))
        {
            var ctts = Fields(stbl, "ctts"u8, out var version);
            index = 0;
            for (var runs = ctts.UInt32(); runs > 0; runs--)
            {
                var (count, offset) = (ctts.UInt32(), version == 1 ? ctts.Int32() : (long)ctts.UInt32());
                for (; count > 0; count--, index++)
                {
                    samples[index] = samples[index] with { Present = samples[index].Decode + offset };
                }
            }

            (index == samples.Length).ShouldHold("ctts has as many samples as stsz");
        }

        var isSync = !BoxReader.TryFind(stbl, "stss"u8, out _);
        for (var i = 0; i < samples.Length; i++)
        {
            samples[i] = samples[i] with { IsSync = isSync };
        }

        if (!isSync)
        {
            var stss = Fields(stbl, "stss"u8, out _);
            for (var count = stss.UInt32(); count > 0; count--)
            {
                var number = stss.UInt32();
                samples[number - 1] = samples[number - 1] with { IsSync = true };
            }
        }

        Place(stbl, samples);
        return samples;
    }

    private static void Place(ReadOnlySpan<byte> stbl, MovieSample[] samples)
    {
        var stsc = Fields(stbl, "stsc"u8, out _);
        var runs = new (uint First, uint Samples, uint Description)[stsc.UInt32()];
        for (var i = 0; i < runs.Length; i++)
        {
            runs[i] = (stsc.UInt32(), stsc.UInt32(), stsc.UInt32());
        }

        var co64 = Fields(stbl, "co64"u8, out _);
        var (index, run) = (0, 0);
        var chunks = co64.UInt32();
        for (var chunk = 1u; chunk <= chunks; chunk++)
        {
            run += run + 1 < runs.Length && runs[run + 1].First == chunk ? 1 : 0;
            var offset = (long)co64.UInt64();
            for (var i = 0; i < runs[run].Samples; i++, index++)
            {
                samples[index] = samples[index] with { Offset = offset, Description = (int)runs[run].Description };
                offset += samples[index].Size;
            }
        }

        (index == samples.Length).ShouldHold("stsc has as many samples as stsz");
    }

    private static BoxFields Fields(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> path, out byte version)
    {
        var fields = new BoxFields(BoxReader.Find(bytes, path), "box");
        version = fields.FullBox().Version;
        return fields;
    }

    private static long Time(scoped ref BoxFields fields, byte version) => version == 1 ? (long)fields.UInt64() : fields.UInt32();

    private static void ShouldHold(this bool condition, string what)
    {
        if (!condition)
        {
            throw new InvalidOperationException($"It is not so that {what}.");
        }
    }

    private static void ShouldBeRate(this uint rate) => (rate == 0x0001_0000).ShouldHold("an edit is played at its own speed");
}
