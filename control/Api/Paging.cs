using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Broadcast.Control.Api;

/// <summary>
/// Paged lists. 'limit' sets the page size, and the header <c>Link</c> (RFC 8288, relation <c>next</c>) holds the URL of the next page.
/// Responses stay plain arrays. A page starts after the last row of the previous page, not at a row count, so that rows created or deleted
/// meanwhile are neither repeated nor skipped.
/// </summary>
internal static class Paging
{
    /// <summary>Default page size.</summary>
    public const int Default = 50;

    /// <summary>Parses 'limit'; returns 0, which every list rejects, when it is not a number.</summary>
    /// <param name="text">Value sent; <see langword="null"/> when absent.</param>
    /// <param name="defaultLimit">Page size when absent.</param>
    public static int Limit(string? text, int defaultLimit = Default) =>
        text is null ? defaultLimit : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;

    /// <summary>Builds one page. A full page names the next one, which can be empty.</summary>
    /// <param name="http">Request.</param>
    /// <param name="rows">Rows of the page.</param>
    /// <param name="limit">Maximum number of rows, from 1.</param>
    /// <param name="member">Query parameter that selects the next page.</param>
    /// <param name="cursor">Function that returns the cursor of a row.</param>
    /// <param name="view">Function that converts a row to its response.</param>
    public static List<TView> Page<TRow, TView>(HttpContext http, IReadOnlyList<TRow> rows, int limit, string member,
        Func<TRow, string> cursor, Func<TRow, TView> view)
    {
        if (rows.Count > 0 && rows.Count >= limit)
        {
            http.Response.Headers.Link = $"<{NextUrl(http.Request, member, cursor(rows[^1]))}>; rel=\"next\"";
        }

        return [.. rows.Select(view)];
    }

    /// <summary>URL of the same request after a row; all other query parameters stay.</summary>
    internal static string NextUrl(HttpRequest request, string member, string cursor)
    {
        var parameters = request.Query.Where(q => !string.Equals(q.Key, member, StringComparison.OrdinalIgnoreCase));
        var query = QueryString.Create(parameters.Append(KeyValuePair.Create(member, new StringValues(cursor))));
        return request.PathBase.Add(request.Path).ToUriComponent() + query.ToUriComponent();
    }
}
