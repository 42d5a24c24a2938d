using System.IO.Compression;
using System.Security.Cryptography;

namespace Broadcast.Origin.Delivery;

/// <summary>A text as it goes out: its bytes and, made when first wanted, its compressed forms, each with an entity tag of its own (RFC 9110, 8.8.3.3).</summary>
internal sealed class Document
{
    /// <summary>Longest text that is compressed by whoever asks first, while the others wait for that millisecond, in bytes. Longer ones are compressed aside.</summary>
    internal const int ShortText = 64 * 1024;

    private readonly string _hash;
    private readonly Lazy<Task<byte[]>> _brotli;
    private readonly Lazy<Task<byte[]>> _gzip;

    public Document(byte[] plain, string contentType)
    {
        (Plain, ContentType) = (plain, contentType);
        _hash = Convert.ToHexStringLower(SHA256.HashData(plain).AsSpan(0, 10));
        _brotli = new(() => CompressAsync(to => new BrotliStream(to, new BrotliCompressionOptions { Quality = 5 }, leaveOpen: true)));
        _gzip = new(() => CompressAsync(to => new GZipStream(to, CompressionLevel.Optimal, leaveOpen: true)));
    }

    /// <summary>
    /// Turns to compress long texts: half of the processors, so that the others are free for whoever wants something short. Whoever finds none free waits without holding a thread; who waits is
    /// bounded by the texts there are, because each is compressed once a coding.
    /// </summary>
    internal static SemaphoreSlim Turns { get; } = new(Math.Max(1, Environment.ProcessorCount / 2));

    /// <summary>The text as UTF-8.</summary>
    public byte[] Plain { get; }

    /// <summary>Its media type.</summary>
    public string ContentType { get; }

    /// <summary>The strong entity tag of its bytes in a coding, with its quotes.</summary>
    public string TagIn(ContentCoding coding) => coding switch
    {
        ContentCoding.Brotli => $"\"{_hash}-br\"",
        ContentCoding.Gzip => $"\"{_hash}-gz\"",
        _ => $"\"{_hash}\"",
    };

    /// <summary>The bytes in a coding.</summary>
    /// <param name="coding">The coding.</param>
    /// <param name="cancellationToken">Ends the wait; others get them all the same.</param>
    public ValueTask<byte[]> InAsync(ContentCoding coding, CancellationToken cancellationToken = default) => coding switch
    {
        ContentCoding.Brotli => new(_brotli.Value.WaitAsync(cancellationToken)),
        ContentCoding.Gzip => new(_gzip.Value.WaitAsync(cancellationToken)),
        _ => new(Plain),
    };

    private Task<byte[]> CompressAsync(Func<Stream, Stream> coder) =>
        Plain.Length <= ShortText ? Task.FromResult(Compress(coder)) : Task.Run(async () =>
        {
            await Turns.WaitAsync();
            try
            {
                return Compress(coder);
            }
            finally
            {
                Turns.Release();
            }
        });

    private byte[] Compress(Func<Stream, Stream> coder)
    {
        using var target = new MemoryStream(Plain.Length / 4);
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
