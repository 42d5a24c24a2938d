using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Broadcast.Media;

/// <summary>
/// Leave to watch one channel, as it stands in the path <c>/t/TOKEN/live/…</c>: <c>1.KEY.CHANNEL.EXPIRES.ID.ADDRESS.SIGNATURE</c>.
/// <list type="bullet">
/// <item><c>1</c>: the version. Another version is another format. <c>1p</c> where it is good for previews, too: edges have to know that, because what it opens they may not keep.</item>
/// <item><c>KEY</c>: the id of the channel's signing key, 8 of <c>a-z 0-9</c>.</item>
/// <item><c>CHANNEL</c>: the channel's name.</item>
/// <item><c>EXPIRES</c>: seconds since 1970, from which on it opens nothing.</item>
/// <item><c>ID</c>: 1 to 32 of <c>A-Z a-z 0-9 _ -</c>, to revoke it by.</item>
/// <item><c>ADDRESS</c>: a <see cref="ViewerNetwork"/>, or <c>-</c> for anywhere.</item>
/// <item><c>SIGNATURE</c>: HMAC-SHA-256 (RFC 2104) of all that stands before the last point, in base 64 for URLs without padding (RFC 4648, section 5).</item>
/// </list>
/// Every token has one spelling. There is no time before which it does not count, so that a signer whose clock is fast makes good tokens.
/// </summary>
public sealed class ViewerToken
{
    /// <summary>Longest token, in characters; what is longer is not looked at.</summary>
    public const int MaxLength = 200;

    /// <summary>Longest id, in characters.</summary>
    public const int MaxIdLength = 32;

    /// <summary>Length of a key's id, in characters.</summary>
    public const int KeyIdLength = 8;

    /// <summary>What stands for the address where a token is good anywhere.</summary>
    public const string Anywhere = "-";

    private const string Begin = "1.", PreviewBegin = "1p.";
    private const int Fields = 7;
    private const int SignatureLength = 43;
    private const int MaxDigits = 11;
    private readonly string _text;

    private ViewerToken(string text, string keyId, ChannelName channel, DateTimeOffset expiresAt, string id, ViewerNetwork? network) =>
        (_text, KeyId, Channel, ExpiresAt, Id, Network) = (text, keyId, channel, expiresAt, id, network);

    /// <summary>Whether it says that it opens what the audience does not get yet, too. Only the server signs such a one: what else says so is none.</summary>
    public bool IsForPreviews => AsksForPreviews(_text);

    /// <summary>Which key it says it is signed with.</summary>
    public string KeyId { get; }

    /// <summary>The channel that it opens.</summary>
    public ChannelName Channel { get; }

    /// <summary>From when on it opens nothing, to the second.</summary>
    public DateTimeOffset ExpiresAt { get; }

    /// <summary>What it is revoked by.</summary>
    public string Id { get; }

    /// <summary>Where the viewer must be; <see langword="null"/> for anywhere.</summary>
    public ViewerNetwork? Network { get; }

    /// <summary>Takes a token apart; <see langword="false"/> when it has not the form. Nothing in it is proven by that: see <see cref="IsSignedWith"/>.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, [NotNullWhen(true)] out ViewerToken? token)
    {
        token = null;
        if (text is null || text.Length > MaxLength || text.Length <= SignatureLength || (!text.StartsWith(Begin, StringComparison.Ordinal) && !AsksForPreviews(text)))
        {
            return false;
        }

        Span<Range> pieces = stackalloc Range[Fields + 1];
        var all = text.AsSpan();
        if (all.Split(pieces, '.') != Fields)
        {
            return false;
        }

        var key = all[pieces[1]];
        var seconds = all[pieces[3]];
        var id = all[pieces[4]];
        var address = all[pieces[5]];
        if (!IsKeyId(key) || !ChannelName.TryParse(text[pieces[2]], out var channel) || !TryReadSeconds(seconds, out var expires) || !IsId(id) || !IsSignature(all[pieces[6]]))
        {
            return false;
        }

        ViewerNetwork? network = null;
        if (address is not Anywhere)
        {
            if (!ViewerNetwork.TryParse(address, out var read))
            {
                return false;
            }

            network = read;
        }

        token = new(text, key.ToString(), channel, DateTimeOffset.FromUnixTimeSeconds(expires), id.ToString(), network);
        return true;
    }

    /// <summary>Makes a token.</summary>
    /// <param name="keyId">The key's id.</param>
    /// <param name="secret">The key.</param>
    /// <param name="channel">The channel that it opens.</param>
    /// <param name="expiresAt">From when on it opens nothing; what is under a second is left out.</param>
    /// <param name="id">What it can be revoked by.</param>
    /// <param name="network">Where the viewer must be; <see langword="null"/> for anywhere.</param>
    /// <param name="forPreviews">Whether it is to open what the audience does not get yet, too.</param>
    /// <exception cref="ArgumentException">A part has not the form.</exception>
    public static string Sign(string keyId, ReadOnlySpan<byte> secret, ChannelName channel, DateTimeOffset expiresAt, string id, ViewerNetwork? network, bool forPreviews = false)
    {
        var signed = string.Create(CultureInfo.InvariantCulture, $"{(forPreviews ? PreviewBegin : Begin)}{keyId}.{channel}.{expiresAt.ToUnixTimeSeconds()}.{id}.{network?.Value ?? Anywhere}");
        var text = $"{signed}.{SignatureOf(secret, signed)}";
        return TryParse(text, out _) ? text : throw new ArgumentException("A part of the token has not the form that it must have.", nameof(id));
    }

    /// <summary>Whether a text begins as a token for previews does. Nothing in it is proven by that.</summary>
    public static bool AsksForPreviews([NotNullWhen(true)] string? text) => text?.StartsWith(PreviewBegin, StringComparison.Ordinal) == true;

    /// <summary>Whether a text can be a token's id.</summary>
    public static bool IsId(ReadOnlySpan<char> text) => text.Length is > 0 and <= MaxIdLength && !text.ContainsAnyExcept(IdCharacters);

    /// <summary>Whether it was signed with a key; takes the same time whatever the difference.</summary>
    public bool IsSignedWith(ReadOnlySpan<byte> secret)
    {
        var end = _text.Length - SignatureLength - 1;
        var wanted = SignatureOf(secret, _text.AsSpan(0, end));
        return CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(wanted), Encoding.ASCII.GetBytes(_text[(end + 1)..]));
    }

    /// <summary>Without what makes it a token.</summary>
    public override string ToString() => $"viewer token {Id} of {Channel}";

    private static System.Buffers.SearchValues<char> IdCharacters { get; } =
        System.Buffers.SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");

    private static bool IsKeyId(ReadOnlySpan<char> text) => text.Length == KeyIdLength && !text.ContainsAnyExceptInRange('0', 'z') && text.IndexOfAnyInRange(':', '`') < 0;

    private static bool IsSignature(ReadOnlySpan<char> text) => text.Length == SignatureLength && !text.ContainsAnyExcept(IdCharacters);

    /// <summary>Digits only, no leading zero.</summary>
    private static bool TryReadSeconds(ReadOnlySpan<char> text, out long seconds)
    {
        seconds = 0;
        return text.Length is > 0 and <= MaxDigits && (text[0] != '0' || text.Length == 1) && !text.ContainsAnyExceptInRange('0', '9')
            && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out seconds);
    }

    // All of a token is ASCII: its parts are checked, or are our own.
    private static string SignatureOf(ReadOnlySpan<byte> secret, ReadOnlySpan<char> signed)
    {
        Span<byte> bytes = stackalloc byte[MaxLength];
        if (signed.Length > bytes.Length)
        {
            throw new ArgumentException("A part of the token is too long.", nameof(signed));
        }

        var length = Encoding.UTF8.GetByteCount(signed);
        if (length != signed.Length)
        {
            throw new ArgumentException("A part of the token has not the form that it must have.", nameof(signed));
        }

        Encoding.UTF8.GetBytes(signed, bytes);
        return Base64Url.EncodeToString(HMACSHA256.HashData(secret, bytes[..length]));
    }
}
