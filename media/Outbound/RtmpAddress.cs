using System.Diagnostics.CodeAnalysis;

namespace Broadcast.Media.Outbound;

/// <summary>Address of an RTMP server: <c>rtmp://HOST[:PORT]/APPLICATION</c> or <c>rtmps://…</c>, without a stream key.</summary>
/// <param name="Host">Host name or address.</param>
/// <param name="Port">TCP port.</param>
/// <param name="Application">Path, without leading slash; may have several parts.</param>
/// <param name="UseTls">Whether to use RTMPS.</param>
public sealed record RtmpAddress(string Host, int Port, string Application, bool UseTls)
{
    /// <summary>Maximum length of the text.</summary>
    public const int MaxLength = 1024;

    private const int DefaultPort = 1935;
    private const int DefaultTlsPort = 443;

    /// <summary>Parses an address. User names, queries and fragments are invalid.</summary>
    /// <param name="text">The text.</param>
    /// <param name="address">The address.</param>
    /// <param name="error">The error, as a sentence with a remedy.</param>
    public static bool TryParse(string? text, [NotNullWhen(true)] out RtmpAddress? address, [NotNullWhen(false)] out string? error)
    {
        (address, error) = (null, null);
        if (text is null || text.Length > MaxLength || !Uri.TryCreate(text, UriKind.Absolute, out var uri)
            || uri.Scheme is not ("rtmp" or "rtmps") || uri.IdnHost.Length == 0)
        {
            error = "Not an RTMP address; use rtmp://HOST/APPLICATION or rtmps://HOST/APPLICATION.";
        }
        else if (uri.UserInfo.Length > 0 || uri.Query.Length > 0 || uri.Fragment.Length > 0)
        {
            error = "The address must not contain a user name, '?' or '#'. Put these into the stream key if the platform requires them.";
        }
        else if (uri.AbsolutePath.Trim('/') is { Length: > 0 } path)
        {
            var secure = uri.Scheme == "rtmps";
            address = new(uri.IdnHost, uri.Port > 0 ? uri.Port : secure ? DefaultTlsPort : DefaultPort, path, secure);

            // Escaped characters are longer.
            if (address.ToString().Length <= MaxLength)
            {
                return true;
            }

            (address, error) = (null, $"The address is longer than {MaxLength} characters.");
        }
        else
        {
            error = "The address has no application; use the complete address of the platform, as in rtmp://HOST/live.";
        }

        return false;
    }

    /// <summary>The URL; the port only if it is not the default one.</summary>
    public override string ToString()
    {
        var host = Host.Contains(':') && Host[0] != '[' ? $"[{Host}]" : Host;
        var port = Port == (UseTls ? DefaultTlsPort : DefaultPort) ? "" : $":{Port}";
        return $"{(UseTls ? "rtmps" : "rtmp")}://{host}{port}/{Application}";
    }
}
