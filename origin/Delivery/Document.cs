using System.IO.Compression;
using System.Security.Cryptography;

namespace Broadcast.Origin.Delivery;

/// <summary>A text as it goes out: its bytes and, made when first wanted, its compressed forms, each with an entity tag of its own (RFC 9110, 8.8.3.3).</summary>
internal sealed class Document
{
    private readonly string _hash;
    private readonly Lazy<byte[]> _brotli;
    private readonly Lazy<byte[]> _gzip;

    public Document(byte[] plain, string contentType)
    {
        (Plain, ContentType) = (plain, contentType);
        _hash = Convert.ToHexStringLower(SHA256.HashData(plain).AsSpan(0, 10));
        _brotli = new(() => Compress(to => new BrotliStream(to, new BrotliCompressionOptions { Quality = 5 }, leaveOpen: true)));
        _gzip = new(() => Compress(to => new GZipStream(to, CompressionLevel.Optimal, leaveOpen: true)));
    }

    /// <summary>The text as UTF-8.</summary>
    public byte[] Plain { get; }

    /// <summary>Its media type.</summary>
    public string ContentType { get; }

    /// <summary>The bytes in a coding, and their strong entity tag with its quotes.</summary>
    public (byte[] Bytes, string ETag) In(ContentCoding coding) => coding switch
    {
        ContentCoding.Brotli => (_brotli.Value, $"\"{_hash}-br\""),
        ContentCoding.Gzip => (_gzip.Value, $"\"{_hash}-gz\""),
        _ => (Plain, $"\"{_hash}\""),
    };

    private byte[] Compress(Func<Stream, Stream> coder)
    {
        using var target = new MemoryStream(Plain.Length / 2);
        using (var compressor = coder(target))
        {
            compressor.Write(Plain);
        }

        return target.ToArray();
    }
}

/// <summary>Keeps the newest version of one document: it is rendered once, whoever asks and however many at once.</summary>
internal sealed class DocumentCell
{
    private readonly Lock _gate = new();
    private volatile Kept? _kept;

    /// <summary>The document of a version, rendered when it is not there yet.</summary>
    /// <param name="version">The version wanted at least.</param>
    /// <param name="render">Makes it; <see langword="null"/> when there is none in this version.</param>
    public Document? Get(long version, Func<Document?> render)
    {
        if (_kept is { } kept && kept.Version >= version)
        {
            return kept.Document;
        }

        lock (_gate)
        {
            if (_kept is { } raced && raced.Version >= version)
            {
                return raced.Document;
            }

            var document = render();
            if (document is not null && _kept?.Document is { } old && old.Plain.AsSpan().SequenceEqual(document.Plain))
            {
                document = old;     // the same text: what was compressed stays
            }

            _kept = new Kept(version, document);
            return document;
        }
    }

    private sealed record Kept(long Version, Document? Document);
}
