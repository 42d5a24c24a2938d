using System.Text;

namespace Broadcast.Media.Bmff;

/// <summary>An init segment, read.</summary>
/// <param name="TrackId">The track's number in the file.</param>
/// <param name="Timescale">Ticks a second of its media times.</param>
/// <param name="Config">Codec and parameters, checked again.</param>
/// <param name="Language">BCP 47 tag, or <see langword="null"/> when it is not known.</param>
/// <param name="Width">Displayed pixels across, from <c>tkhd</c>; 0 for audio.</param>
/// <param name="Height">Displayed pixels down; 0 for audio.</param>
public sealed record InitSegment(uint TrackId, int Timescale, CodecConfig Config, string? Language, int Width, int Height)
{
    /// <summary>The track it was written from, with a number of the caller's choice.</summary>
    public Track ToTrack(int id) => new(id, Config, Timescale, Language);
}

/// <summary>Reads init segments of one track: those that <see cref="InitSegmentWriter"/> writes, and others that say the same in the same boxes.</summary>
public static class InitSegmentReader
{
    /// <summary>Largest init segment accepted, in bytes.</summary>
    public const int MaxLength = 1 << 20;

    /// <summary>Reads one.</summary>
    /// <exception cref="InvalidBmffException">It is broken, or holds a codec we do not know.</exception>
    public static InitSegment Read(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > MaxLength)
        {
            throw new InvalidBmffException($"An init segment of {bytes.Length} bytes is over the limit of {MaxLength}.");
        }

        var track = BoxReader.Find(bytes, "moov/trak"u8);
        var (trackId, width, height) = ReadTrackHeader(BoxReader.Find(track, "tkhd"u8));
        var (timescale, language) = ReadMediaHeader(BoxReader.Find(track, "mdia/mdhd"u8));
        if (BoxReader.TryFind(track, "mdia/elng"u8, out var extended))
        {
            language = ReadExtendedLanguage(extended) ?? language;
        }

        return new InitSegment(trackId, timescale, ReadSampleEntry(BoxReader.Find(track, "mdia/minf/stbl/stsd"u8)), language, width, height);
    }

    private static (uint TrackId, int Width, int Height) ReadTrackHeader(ReadOnlySpan<byte> body)
    {
        var fields = new BoxFields(body, "tkhd");
        fields.Skip(fields.FullBox().Version == 1 ? 16 : 8);
        var trackId = fields.UInt32();
        fields.Skip(body.Length - 8 - (body.Length - fields.Rest.Length));
        return (trackId, (int)(fields.UInt32() >> 16), (int)(fields.UInt32() >> 16));
    }

    private static (int Timescale, string? Language) ReadMediaHeader(ReadOnlySpan<byte> body)
    {
        var fields = new BoxFields(body, "mdhd");
        var version = fields.FullBox().Version;
        fields.Skip(version == 1 ? 16 : 8);
        var timescale = fields.UInt32();
        fields.Skip(version == 1 ? 8 : 4);
        return timescale is > 0 and <= int.MaxValue
            ? ((int)timescale, LanguageCode.Unpack(fields.UInt16()))
            : throw new InvalidBmffException($"Box 'mdhd' has a timescale of {timescale}.");
    }

    private static string? ReadExtendedLanguage(ReadOnlySpan<byte> body)
    {
        var fields = new BoxFields(body, "elng");
        fields.FullBox();
        var text = fields.Rest;
        var end = text.IndexOf((byte)0);
        text = end < 0 ? text : text[..end];
        return text.Length <= LanguageCode.MaxLength && Encoding.ASCII.GetString(text) is var tag && LanguageCode.IsTag(tag) ? tag : null;
    }

    private static CodecConfig ReadSampleEntry(ReadOnlySpan<byte> body)
    {
        var fields = new BoxFields(body, "stsd");
        fields.FullBox();
        fields.UInt32();
        var entries = new BoxReader(fields.Rest);
        if (!entries.TryRead(out var entry))
        {
            throw new InvalidBmffException("Box 'stsd' has no sample entry.");
        }

        try
        {
            var inside = new BoxFields(entries.Body(entry), "sample entry");
            if (CodecBoxes.Read(entry.Type, inside.Rest) is { } config)
            {
                return config;
            }

            if (entry.Type == BoxType.Of("mp4a"u8))
            {
                inside.Skip(CodecBoxes.AudioFields);
                return CodecConfig.Aac.Parse(ReadSpecificConfig(BoxReader.Find(inside.Rest, "esds"u8)));
            }
        }
        catch (InvalidCodecConfigException error)
        {
            throw new InvalidBmffException($"The sample entry '{entry.Type}' is refused. {error.Message}", error);
        }

        throw new InvalidBmffException($"The codec of sample entry '{entry.Type}' is not known here.");
    }

    /// <summary>ISO/IEC 14496-1, 7.2.6: ES_Descriptor, in it DecoderConfigDescriptor, in it DecoderSpecificInfo.</summary>
    private static ReadOnlySpan<byte> ReadSpecificConfig(ReadOnlySpan<byte> body)
    {
        var fields = new BoxFields(body, "esds");
        fields.FullBox();
        var stream = new BoxFields(Descriptor(ref fields, 3), "esds");
        stream.Skip(2);
        var flags = stream.UInt8();
        stream.Skip((flags & 0x80) != 0 ? 2 : 0);
        stream.Skip((flags & 0x40) != 0 ? stream.UInt8() : 0);
        stream.Skip((flags & 0x20) != 0 ? 2 : 0);
        var decoder = new BoxFields(Descriptor(ref stream, 4), "esds");
        decoder.Skip(13);
        return Descriptor(ref decoder, 5);
    }

    private static ReadOnlySpan<byte> Descriptor(scoped ref BoxFields fields, byte tag)
    {
        var found = fields.UInt8();
        if (found != tag)
        {
            throw new InvalidBmffException($"Box 'esds' has descriptor {found} where {tag} belongs.");
        }

        // 8.3.3: up to four bytes of 7 bits.
        var length = 0;
        for (var i = 0; i < 4; i++)
        {
            var next = fields.UInt8();
            length = (length << 7) | (next & 0x7F);
            if (next < 0x80)
            {
                return fields.Bytes(length);
            }
        }

        throw new InvalidBmffException("Box 'esds' has a descriptor length of over four bytes.");
    }
}
