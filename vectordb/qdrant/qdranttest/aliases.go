package qdranttest

import (
	"context"
	"maps"
	"slices"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// UpdateAliases applies a list of changes at one moment. As on a server, changes before a refused one stay.
func (s *collections) UpdateAliases(_ context.Context, r *qdrant.ChangeAliases) (*qdrant.CollectionOperationResponse, error) {
	s.data.mu.Lock()
	defer s.data.mu.Unlock()
	for _, action := range r.GetActions() {
		if err := s.data.changeAlias(action); err != nil {
			return nil, err
		}
	}
	return done, nil
}

func (d *database) changeAlias(action *qdrant.AliasOperations) error {
	switch a := action.GetAction().(type) {
	case *qdrant.AliasOperations_CreateAlias:
		to, alias := a.CreateAlias.GetCollectionName(), a.CreateAlias.GetAliasName()
		if d.collections[to] == nil {
			return notFound("Not found: Collection `%s` doesn't exist!", to)
		}
		if d.collections[alias] != nil {
			return status.Errorf(codes.AlreadyExists, "Wrong input: Collection `%s` already exists!", alias)
		}
		d.aliases[alias] = to
	case *qdrant.AliasOperations_DeleteAlias:
		delete(d.aliases, a.DeleteAlias.GetAliasName())
	case *qdrant.AliasOperations_RenameAlias:
		from := a.RenameAlias.GetOldAliasName()
		to, ok := d.aliases[from]
		if !ok {
			return notFound("Not found: Alias %s does not exists!", from)
		}
		delete(d.aliases, from)
		d.aliases[a.RenameAlias.GetNewAliasName()] = to
	default:
		return invalid("Malformed AliasOperation type")
	}
	return nil
}

func (s *collections) ListAliases(context.Context, *qdrant.ListAliasesRequest) (*qdrant.ListAliasesResponse, error) {
	s.data.mu.RLock()
	defer s.data.mu.RUnlock()
	return s.data.aliasesOf(func(string) bool { return true }), nil
}

func (s *collections) ListCollectionAliases(_ context.Context, r *qdrant.ListCollectionAliasesRequest) (*qdrant.ListAliasesResponse, error) {
	s.data.mu.RLock()
	defer s.data.mu.RUnlock()
	return s.data.aliasesOf(func(to string) bool { return to == r.GetCollectionName() }), nil
}

func (d *database) aliasesOf(wanted func(collection string) bool) *qdrant.ListAliasesResponse {
	r := &qdrant.ListAliasesResponse{}
	for _, alias := range slices.Sorted(maps.Keys(d.aliases)) {
		if to := d.aliases[alias]; wanted(to) {
			r.Aliases = append(r.Aliases, &qdrant.AliasDescription{AliasName: alias, CollectionName: to})
		}
	}
	return r
}
