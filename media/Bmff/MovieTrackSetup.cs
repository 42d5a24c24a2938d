namespace Broadcast.Media.Bmff;

/// <summary>
/// A track as its init segment describes it, of any codec: what is needed to describe it so in another file, copied as it stands.
/// </summary>
public sealed class MovieTrackSetup
{
    private MovieTrackSetup(BoxType handler, int timescale, ushort language, byte[] extendedLanguage, uint width, uint height, byte[] sampleEntry)
    {
        (Handler, Timescale, Language, ExtendedLanguage) = (handler, timescale, language, extendedLanguage);
        (Width, Height, SampleEntry) = (width, height, sampleEntry);
    }

    /// <summary><c>vide</c> or <c>soun</c>.</summary>
    public BoxType Handler { get; }

    /// <summary>Whether it carries pictures.</summary>
    public bool IsVideo => Handler == BoxType.Of("vide"u8);

    /// <summary>Ticks a second of its media times.</summary>
    public int Timescale { get; }

    /// <summary>The language, packed as <c>mdhd</c> has it.</summary>
    internal ushort Language { get; }

    /// <summary>Content of <c>elng</c>; empty where there is none.</summary>
    internal byte[] ExtendedLanguage { get; }

    /// <summary>Displayed pixels across, 16.16; 0 for sound.</summary>
    internal uint Width { get; }

    /// <summary>Displayed pixels down, 16.16; 0 for sound.</summary>
    internal uint Height { get; }

    /// <summary>The sample entry, a whole box.</summary>
    internal byte[] SampleEntry { get; }

    /// <summary>Reads an init segment of one track.</summary>
    /// <exception cref="InvalidBmffException">It is broken, too long, or of a track that is neither pictures nor sound.</exception>
    public static MovieTrackSetup Read(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > InitSegmentReader.MaxLength)
        {
            throw new InvalidBmffException($"An init segment of {bytes.Length} bytes is over the limit of {InitSegmentReader.MaxLength}.");
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
            throw new InvalidBmffException($"A track of '{handler}' is neither pictures nor sound.");
        }

        var stsd = new BoxFields(BoxReader.Find(track, "mdia/minf/stbl/stsd"u8), "stsd");
        stsd.Skip(8);
        var entries = new BoxReader(stsd.Rest);
        if (!entries.TryRead(out var entry))
        {
            throw new InvalidBmffException("Box 'stsd' has no sample entry.");
        }

        var extended = BoxReader.TryFind(track, "mdia/elng"u8, out var elng) && elng.Length <= 4 + LanguageCode.MaxLength + 1 ? elng.ToArray() : [];
        return new MovieTrackSetup(handler, (int)timescale, mdhd.UInt16(), extended, sides.UInt32(), sides.UInt32(), stsd.Rest.Slice(entry.Offset, entry.Length).ToArray());
    }
}
