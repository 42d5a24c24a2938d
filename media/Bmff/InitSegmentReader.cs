using System.Text;
using Broadcast.Media.Codecs;

namespace Broadcast.Media.Bmff;

/// <summary>A parsed init segment.</summary>
/// <param name="TrackId">Track ID in the file.</param>
/// <param name="Timescale">Timescale in ticks per second.</param>
/// <param name="Config">Codec and parameters, validated.</param>
/// <param name="Language">BCP 47 tag; <see langword="null"/> when unknown.</param>
/// <param name="Width">Display width in pixels, from <c>tkhd</c>; 0 for audio.</param>
/// <param name="Height">Display height in pixels; 0 for audio.</param>
public sealed record InitSegment(uint TrackId, int Timescale, CodecConfig Config, string? Language, int Width, int Height)
{
    /// <summary>Creates the track that the segment describes, with a track number chosen by the caller.</summary>
    public Track ToTrack(int id) => new(id, Config, Timescale, Language);
}

/// <summary>Reads single-track init segments written by <see cref="InitSegmentWriter"/>, and others with the same boxes.</summary>
public static class InitSegmentReader
{
    /// <summary>Maximum size of an init segment, in bytes.</summary>
    public const int MaxLength = 1 << 20;

    /// <summary>Reads an init segment.</summary>
    /// <exception cref="InvalidBmffException">The segment is malformed, or its codec is not supported.</exception>
    public static InitSegment Read(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > MaxLength)
        {
            throw new InvalidBmffException($"An init segment of {bytes.Length} bytes exceeds the limit of {MaxLength}.");
        }

        var track = BoxReader.Find(bytes, "moov/trak"u8);
        var (trackId, width, height) = ReadTrackHeader(BoxReader.Find(track, "tkhd"u8));
        var (timescale, language) = ReadMediaHeader(BoxReader.Find(track, "mdia/mdhd"u8));
        if (BoxReader.TryFind(track, "mdia/elng"u8, out var extended))
        {
            language = ReadExtendedLanguage(extended) ?? language;
        }

        return new InitSegment(trackId, timescale, ReadSampleEntry(BoxReader.Find(track, "mdia/minf/stbl/stsd"u8)), language,
            width, height);
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
            throw new InvalidBmffException($"The sample entry '{entry.Type}' is invalid. {error.Message}", error);
        }

        throw new InvalidBmffException($"The codec of sample entry '{entry.Type}' is not supported.");
    }

    /// <summary>Reads the DecoderSpecificInfo inside the DecoderConfigDescriptor of an ES_Descriptor (ISO/IEC 14496-1, 7.2.6).</summary>
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
            throw new InvalidBmffException($"Box 'esds' has descriptor {found}; expected {tag}.");
        }

        // 8.3.3: up to four bytes of 7 bits each.
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

        throw new InvalidBmffException("Box 'esds' has a descriptor length of more than four bytes.");
    }
}
