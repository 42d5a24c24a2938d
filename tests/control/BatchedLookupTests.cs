using Broadcast.Control.Lookups;
using Broadcast.Database;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

public sealed class BatchedLookupTests
{
    private readonly List<(string[] Ids, TaskCompletionSource<IReadOnlyDictionary<string, string>> Answer)> _statements = [];
    private readonly BatchedLookup<string> _lookup;

    public BatchedLookupTests() => _lookup = new(
        ids =>
        {
            var answer = new TaskCompletionSource<IReadOnlyDictionary<string, string>>();
            lock (_statements)
            {
                _statements.Add((ids, answer));
            }

            return answer.Task;
        },
        maxRunning: 2);

    [Fact]
    public async Task Requests_during_statements_share_the_next_one()
    {
        var first = _lookup.FindAsync("a");
        var second = _lookup.FindAsync("b");
        Task<string?>[] waiting = [_lookup.FindAsync("c"), _lookup.FindAsync("d"), _lookup.FindAsync("c"), _lookup.FindAsync("none")];
        _statements.Select(s => s.Ids).ShouldBe([["a"], ["b"]]);

        Answer(0);
        (await first).ShouldBe("row a");
        _statements.Count.ShouldBe(3, "the waiting requests share a statement");
        _statements[2].Ids.ShouldBe(["c", "d", "none"]);
        Answer(2);
        (await Task.WhenAll(waiting)).ShouldBe(["row c", "row d", "row c", null]);
        Answer(1);
        (await second).ShouldBe("row b");
    }

    [Fact]
    public async Task Request_is_never_answered_by_a_statement_that_started_before_it()
    {
        var (first, second) = (_lookup.FindAsync("a"), _lookup.FindAsync("a"));
        var later = _lookup.FindAsync("a");
        Answer(0);
        Answer(1);
        await Task.WhenAll(first, second);
        later.IsCompleted.ShouldBeFalse("the row may have changed meanwhile");
        _statements[2].Answer.SetResult(new Dictionary<string, string>());
        (await later).ShouldBeNull();
    }

    [Fact]
    public async Task Failed_statement_fails_its_requests_and_no_others()
    {
        var (first, second) = (_lookup.FindAsync("a"), _lookup.FindAsync("b"));
        var later = _lookup.FindAsync("c");
        _statements[0].Answer.SetException(new TimeoutException());
        await Should.ThrowAsync<TimeoutException>(first);
        Answer(1);
        Answer(2);
        (await second, await later).ShouldBe(("row b", "row c"));
    }

    [Fact]
    public async Task Waiting_requests_are_limited()
    {
        Task<string?>[] running = [_lookup.FindAsync("a"), _lookup.FindAsync("a")];
        var waiting = Enumerable.Range(0, BatchedLookup<string>.MaxWaiting).Select(i => _lookup.FindAsync($"{i}")).ToList();
        await Should.ThrowAsync<TimeoutException>(_lookup.FindAsync("one more"));
        waiting.ShouldAllBe(w => !w.IsCompleted);

        for (var i = 0; i < 2 + (BatchedLookup<string>.MaxWaiting / BatchedLookup<string>.MaxBatch); i++)
        {
            Answer(i);
        }

        await Task.WhenAll([.. running, .. waiting]);
    }

    private void Answer(int statement) => _statements[statement].Answer.SetResult(
        _statements[statement].Ids.Where(id => id != "none").ToDictionary(id => id, id => "row " + id, StringComparer.Ordinal));
}
