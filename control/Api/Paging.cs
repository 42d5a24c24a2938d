using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Broadcast.Control.Api;

/// <summary>
/// Lists that grow are told a page at a time: 'limit' says how many, and the header <c>Link</c> (RFC 8288, relation <c>next</c>) where to read on. Answers stay plain arrays. A page begins behind the last row of the one before, not
/// at a count of rows, so that what is made or deleted meanwhile neither repeats a row nor leaves one out.
/// </summary>
internal static class Paging
{
    /// <summary>How many where nobody says.</summary>
    public const int Default = 50;

    /// <summary>'limit' as it was sent; 0, which every list refuses, when it is no number.</summary>
    /// <param name="text">What was sent; <see langword="null"/> for nothing.</param>
    /// <param name="otherwise">How many where nobody says.</param>
    public static int Limit(string? text, int otherwise = Default) =>
        text is null ? otherwise : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;

    /// <summary>One page. A full one names the next, which may turn out to be empty.</summary>
    /// <param name="http">The request.</param>
    /// <param name="rows">The page's rows.</param>
    /// <param name="limit">How many it has at most, from 1.</param>
    /// <param name="member">The member of the query by which one reads on.</param>
    /// <param name="place">What that is for a row.</param>
    /// <param name="view">A row as the answer has it.</param>
    public static List<TView> Answer<TRow, TView>(HttpContext http, IReadOnlyList<TRow> rows, int limit, string member, Func<TRow, string> place, Func<TRow, TView> view)
    {
        if (rows.Count > 0 && rows.Count >= limit)
        {
            http.Response.Headers.Link = $"<{Next(http.Request, member, place(rows[^1]))}>; rel=\"next\"";
        }

        return [.. rows.Select(view)];
    }

    /// <summary>The address of the same question behind a row: all that was asked for stays.</summary>
    internal static string Next(HttpRequest request, string member, string place)
    {
        var asked = request.Query.Where(q => !string.Equals(q.Key, member, StringComparison.OrdinalIgnoreCase));
        var query = QueryString.Create(asked.Append(KeyValuePair.Create(member, new StringValues(place))));
        return request.PathBase.Add(request.Path).ToUriComponent() + query.ToUriComponent();
    }
}
