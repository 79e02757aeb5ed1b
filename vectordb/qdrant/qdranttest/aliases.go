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
	return &qdrant.CollectionOperationResponse{Result: true}, nil
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
	default:
		return invalid("Malformed AliasOperation type")
	}
	return nil
}

func (s *collections) ListAliases(context.Context, *qdrant.ListAliasesRequest) (*qdrant.ListAliasesResponse, error) {
	s.data.mu.RLock()
	defer s.data.mu.RUnlock()
	r := &qdrant.ListAliasesResponse{}
	for _, alias := range slices.Sorted(maps.Keys(s.data.aliases)) {
		r.Aliases = append(r.Aliases, &qdrant.AliasDescription{AliasName: alias, CollectionName: s.data.aliases[alias]})
	}
	return r, nil
}
