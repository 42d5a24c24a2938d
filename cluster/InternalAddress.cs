using System.Globalization;

namespace Broadcast.Cluster;

/// <summary>Address of a server's internal listener.</summary>
public static class InternalAddress
{
    /// <summary>Parses <c>HOST:PORT</c> or <c>http://HOST:PORT</c>.</summary>
    /// <param name="text">The text.</param>
    /// <param name="address">The address as <c>HOST:PORT</c>; IPv6 addresses are in brackets.</param>
    public static bool TryParse(string text, out string address)
    {
        address = "";
        var authority = text.StartsWith("http://", StringComparison.OrdinalIgnoreCase) ? text[7..].TrimEnd('/')
            : text.StartsWith("https://", StringComparison.OrdinalIgnoreCase) ? text[8..].TrimEnd('/') : text;
        var colon = authority.LastIndexOf(':');
        if (authority.Length > 255 || colon < 1
            || !int.TryParse(authority.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port)
            || port is < 1 or > 65_535
            || !Uri.TryCreate($"https://{authority}/", UriKind.Absolute, out var uri) || uri.UserInfo.Length > 0
            || uri.AbsolutePath != "/" || uri.Query.Length > 0 || uri.Fragment.Length > 0)
        {
            return false;
        }

        address = $"{uri.Host}:{port}";
        return true;
    }
}
