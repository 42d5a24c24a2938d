using System.IO.Compression;
using System.Security.Cryptography;

namespace Broadcast.Origin.Delivery;

/// <summary>
/// A text response: its bytes and its compressed forms, created on first use, each with its own entity tag (RFC 9110, 8.8.3.3).
/// </summary>
internal sealed class Document
{
    /// <summary>
    /// Maximum length of a text that the first request compresses synchronously, in bytes. Longer texts are compressed in the background.
    /// </summary>
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
    /// Limits concurrent compression of long texts to half of the processors, so that short requests find a free one. Waiters hold no
    /// thread; each text is compressed once per coding, so their number is bounded by the number of texts.
    /// </summary>
    internal static SemaphoreSlim CompressionSlots { get; } = new(Math.Max(1, Environment.ProcessorCount / 2));

    /// <summary>The text as UTF-8.</summary>
    public byte[] Plain { get; }

    /// <summary>Media type.</summary>
    public string ContentType { get; }

    /// <summary>The strong entity tag for a coding, with quotes.</summary>
    public string TagIn(ContentCoding coding) => coding switch
    {
        ContentCoding.Brotli => $"\"{_hash}-br\"",
        ContentCoding.Gzip => $"\"{_hash}-gz\"",
        _ => $"\"{_hash}\"",
    };

    /// <summary>The bytes for a coding.</summary>
    /// <param name="coding">The coding.</param>
    /// <param name="cancellationToken">Cancels the wait, not the compression.</param>
    public ValueTask<byte[]> InAsync(ContentCoding coding, CancellationToken cancellationToken = default) => coding switch
    {
        ContentCoding.Brotli => new(_brotli.Value.WaitAsync(cancellationToken)),
        ContentCoding.Gzip => new(_gzip.Value.WaitAsync(cancellationToken)),
        _ => new(Plain),
    };

    private Task<byte[]> CompressAsync(Func<Stream, Stream> coder) =>
        Plain.Length <= ShortText ? Task.FromResult(Compress(coder)) : Task.Run(async () =>
        {
            await CompressionSlots.WaitAsync();
            try
            {
                return Compress(coder);
            }
            finally
            {
                CompressionSlots.Release();
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

/// <summary>Caches the newest version of a document. Each version is rendered once for all concurrent requests.</summary>
internal sealed class CachedDocument
{
    private readonly Lock _gate = new();
    private volatile CacheEntry? _cached;

    /// <summary>Gets a document, rendering it if necessary.</summary>
    /// <param name="version">Minimum version.</param>
    /// <param name="render">Renders it; <see langword="null"/> when there is none in this version.</param>
    public Document? Get(long version, Func<Document?> render)
    {
        if (_cached is { } cached && cached.Version >= version)
        {
            return cached.Document;
        }

        lock (_gate)
        {
            if (_cached is { } raced && raced.Version >= version)
            {
                return raced.Document;
            }

            var document = render();
            if (document is not null && _cached?.Document is { } old && old.Plain.AsSpan().SequenceEqual(document.Plain))
            {
                document = old;     // same text: reuse its compressed forms
            }

            _cached = new CacheEntry(version, document);
            return document;
        }
    }

    private sealed record CacheEntry(long Version, Document? Document);
}
