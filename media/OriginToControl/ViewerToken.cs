using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Broadcast.Media.OriginToControl;

/// <summary>
/// Permission to watch one channel, in the path <c>/t/TOKEN/live/…</c>: <c>1.KEY.CHANNEL.EXPIRES.ID.ADDRESS.SIGNATURE</c>.
/// <list type="bullet">
/// <item><c>1</c>: the version; <c>1p</c> for preview tokens. Edges must recognize preview tokens, because they may not cache their
/// responses.</item>
/// <item><c>KEY</c>: ID of the channel's signing key, 8 of <c>a-z 0-9</c>.</item>
/// <item><c>CHANNEL</c>: name of the channel.</item>
/// <item><c>EXPIRES</c>: expiry in seconds since 1970.</item>
/// <item><c>ID</c>: 1 to 32 of <c>A-Z a-z 0-9 _ -</c>, used for revocation.</item>
/// <item><c>ADDRESS</c>: a <see cref="ViewerNetwork"/>, or <c>-</c> for anywhere.</item>
/// <item><c>SIGNATURE</c>: HMAC-SHA-256 (RFC 2104) of everything before the last dot, in unpadded base64url (RFC 4648, section 5).</item>
/// </list>
/// Every token has exactly one spelling. There is no start of validity, so tokens from signers with fast clocks work.
/// </summary>
public sealed class ViewerToken
{
    /// <summary>Maximum length in characters; longer texts are not parsed.</summary>
    public const int MaxLength = 200;

    /// <summary>Maximum length of an ID in characters.</summary>
    public const int MaxIdLength = 32;

    /// <summary>Length of a key ID in characters.</summary>
    public const int KeyIdLength = 8;

    /// <summary>Address field of a token that is valid for any address.</summary>
    public const string AnyAddress = "-";

    private const string Prefix = "1.", PreviewPrefix = "1p.";
    private const int Fields = 7;
    private const int SignatureLength = 43;
    private const int MaxDigits = 11;
    private readonly string _text;

    private ViewerToken(string text, string keyId, ChannelName channel, DateTimeOffset expiresAt, string id, ViewerNetwork? network) =>
        (_text, KeyId, Channel, ExpiresAt, Id, Network) = (text, keyId, channel, expiresAt, id, network);

    /// <summary>Indicates whether the token grants preview access. Only the server signs such tokens; others with this mark are
    /// invalid.</summary>
    public bool GrantsPreview => IsPreviewToken(_text);

    /// <summary>ID of the key that the token names.</summary>
    public string KeyId { get; }

    /// <summary>Channel of the token.</summary>
    public ChannelName Channel { get; }

    /// <summary>Expiry, to the second.</summary>
    public DateTimeOffset ExpiresAt { get; }

    /// <summary>ID for revocation.</summary>
    public string Id { get; }

    /// <summary>Network to which the token is bound; <see langword="null"/> for any address.</summary>
    public ViewerNetwork? Network { get; }

    /// <summary>
    /// Parses a token; <see langword="false"/> when it is malformed. Does not verify the signature: see <see cref="IsSignedWith"/>.
    /// </summary>
    public static bool TryParse([NotNullWhen(true)] string? text, [NotNullWhen(true)] out ViewerToken? token)
    {
        token = null;
        if (text is null || text.Length > MaxLength || text.Length <= SignatureLength
            || (!text.StartsWith(Prefix, StringComparison.Ordinal) && !IsPreviewToken(text)))
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
        if (!IsKeyId(key) || !ChannelName.TryParse(text[pieces[2]], out var channel) || !TryReadSeconds(seconds, out var expires)
            || !IsId(id) || !IsSignature(all[pieces[6]]))
        {
            return false;
        }

        ViewerNetwork? network = null;
        if (address is not AnyAddress)
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

    /// <summary>Creates a signed token.</summary>
    /// <param name="keyId">ID of the key.</param>
    /// <param name="secret">The key.</param>
    /// <param name="channel">Channel of the token.</param>
    /// <param name="expiresAt">Expiry; fractions of a second are dropped.</param>
    /// <param name="id">ID for revocation.</param>
    /// <param name="network">Network to which the token is bound; <see langword="null"/> for any address.</param>
    /// <param name="grantsPreview">Whether the token grants preview access.</param>
    /// <exception cref="ArgumentException">A part of the token is malformed.</exception>
    public static string Sign(string keyId, ReadOnlySpan<byte> secret, ChannelName channel, DateTimeOffset expiresAt, string id,
        ViewerNetwork? network, bool grantsPreview = false)
    {
        var signed = string.Create(CultureInfo.InvariantCulture,
            $"{(grantsPreview ? PreviewPrefix : Prefix)}{keyId}.{channel}.{expiresAt.ToUnixTimeSeconds()}.{id}.{network?.Value ?? AnyAddress}");
        var text = $"{signed}.{SignatureOf(secret, signed)}";
        return TryParse(text, out _) ? text : throw new ArgumentException("A part of the token is malformed.", nameof(id));
    }

    /// <summary>Returns whether a text starts like a preview token. Does not verify the signature.</summary>
    public static bool IsPreviewToken([NotNullWhen(true)] string? text) =>
        text?.StartsWith(PreviewPrefix, StringComparison.Ordinal) == true;

    /// <summary>Returns whether a text is a valid token ID.</summary>
    public static bool IsId(ReadOnlySpan<char> text) => text.Length is > 0 and <= MaxIdLength && !text.ContainsAnyExcept(IdCharacters);

    /// <summary>Returns whether the token was signed with a key; compares in constant time.</summary>
    public bool IsSignedWith(ReadOnlySpan<byte> secret)
    {
        var end = _text.Length - SignatureLength - 1;
        var expected = SignatureOf(secret, _text.AsSpan(0, end));
        return CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(expected), Encoding.ASCII.GetBytes(_text[(end + 1)..]));
    }

    /// <summary>A description without the signature.</summary>
    public override string ToString() => $"viewer token {Id} of {Channel}";

    private static System.Buffers.SearchValues<char> IdCharacters { get; } =
        System.Buffers.SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");

    private static bool IsKeyId(ReadOnlySpan<char> text) => text.Length == KeyIdLength && !text.ContainsAnyExceptInRange('0', 'z')
        && text.IndexOfAnyInRange(':', '`') < 0;

    private static bool IsSignature(ReadOnlySpan<char> text) => text.Length == SignatureLength && !text.ContainsAnyExcept(IdCharacters);

    /// <summary>Parses digits without leading zeros.</summary>
    private static bool TryReadSeconds(ReadOnlySpan<char> text, out long seconds)
    {
        seconds = 0;
        return text.Length is > 0 and <= MaxDigits && (text[0] != '0' || text.Length == 1) && !text.ContainsAnyExceptInRange('0', '9')
            && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out seconds);
    }

    // Tokens are ASCII only: all parts are validated or created by the server.
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
            throw new ArgumentException("A part of the token is malformed.", nameof(signed));
        }

        Encoding.UTF8.GetBytes(signed, bytes);
        return Base64Url.EncodeToString(HMACSHA256.HashData(secret, bytes[..length]));
    }
}
