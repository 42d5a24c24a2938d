namespace Broadcast.Media.Bmff;

/// <summary>
/// Track description from an init segment, independent of the codec. It contains the values and boxes to copy into another file.
/// </summary>
public sealed class MovieTrackSetup
{
    private MovieTrackSetup(BoxType handler, int timescale, ushort language, byte[] extendedLanguage, uint width, uint height,
        byte[] sampleEntry)
    {
        (Handler, Timescale, Language, ExtendedLanguage) = (handler, timescale, language, extendedLanguage);
        (Width, Height, SampleEntry) = (width, height, sampleEntry);
    }

    /// <summary><c>vide</c> or <c>soun</c>.</summary>
    public BoxType Handler { get; }

    /// <summary>Indicates whether this is a video track.</summary>
    public bool IsVideo => Handler == BoxType.Of("vide"u8);

    /// <summary>Timescale in ticks per second.</summary>
    public int Timescale { get; }

    /// <summary>The language, packed as in <c>mdhd</c>.</summary>
    internal ushort Language { get; }

    /// <summary>Content of <c>elng</c>; empty without that box.</summary>
    internal byte[] ExtendedLanguage { get; }

    /// <summary>Display width in pixels, 16.16 fixed point; 0 for audio.</summary>
    internal uint Width { get; }

    /// <summary>Display height in pixels, 16.16 fixed point; 0 for audio.</summary>
    internal uint Height { get; }

    /// <summary>The sample entry as a complete box.</summary>
    internal byte[] SampleEntry { get; }

    /// <summary>Reads a single-track init segment.</summary>
    /// <exception cref="InvalidBmffException">The segment is malformed, too long, or of a track that is neither video nor
    /// audio.</exception>
    public static MovieTrackSetup Read(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > InitSegmentReader.MaxLength)
        {
            throw new InvalidBmffException($"An init segment of {bytes.Length} bytes exceeds the limit of {InitSegmentReader.MaxLength}.");
        }

        var track = BoxReader.Find(bytes, "moov/trak"u8);
        var tkhd = BoxReader.Find(track, "tkhd"u8);
        var sides = new BoxFields(tkhd.Length >= 8 ? tkhd[^8..] : default, "tkhd");

        var mdhd = new BoxFields(BoxReader.Find(track, "mdia/mdhd"u8), "mdhd");
        var version = mdhd.FullBox().Version;
        mdhd.Skip(version == 1 ? 16 : 8);
        var timescale = mdhd.UInt32();
        mdhd.Skip(version == 1 ? 8 : 4);
        if (timescale is 0 or > int.MaxValue)
        {
            throw new InvalidBmffException($"Box 'mdhd' has a timescale of {timescale}.");
        }

        var hdlr = new BoxFields(BoxReader.Find(track, "mdia/hdlr"u8), "hdlr");
        hdlr.Skip(8);
        var handler = new BoxType(hdlr.UInt32());
        if (handler != BoxType.Of("vide"u8) && handler != BoxType.Of("soun"u8))
        {
            throw new InvalidBmffException($"A track of type '{handler}' is neither video nor audio.");
        }

        var stsd = new BoxFields(BoxReader.Find(track, "mdia/minf/stbl/stsd"u8), "stsd");
        stsd.Skip(8);
        var entries = new BoxReader(stsd.Rest);
        if (!entries.TryRead(out var entry))
        {
            throw new InvalidBmffException("Box 'stsd' has no sample entry.");
        }

        var extended = BoxReader.TryFind(track, "mdia/elng"u8, out var elng)
            && elng.Length <= 4 + LanguageCode.MaxLength + 1 ? elng.ToArray() : [];
        return new MovieTrackSetup(handler, (int)timescale, mdhd.UInt16(), extended, sides.UInt32(), sides.UInt32(),
            stsd.Rest.Slice(entry.Offset, entry.Length).ToArray());
    }
}
